use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use tonic::Code;

use super::checksums::{ChecksumError, Checksums};
use super::cost::CostEstimate;
use super::failure::Failure;
use super::flags::Flags;
use super::metrics::{Entry, Metrics, ModelMetrics};
use super::model_config::ModelConfig;
use super::pool::{Pool, micros};
use super::threads::{Threads, processors};
use crate::litert::SignalWatch;
use crate::model::{Description, Digest, FILE_NAME, LoadError, Model, OPENAPI_FILE, Options, Weights, openapi};
use crate::rest::Service;

/// All models that are served.
pub(super) struct Catalogue(BTreeMap<String, ServedModel>);

struct ServedModel {
    versions: BTreeMap<u64, Arc<Servable>>,
    labels: BTreeMap<String, u64>,
}

/// One version of a model.
pub(super) struct Servable {
    /// Content of model.json, with the name that clients use.
    pub description: Arc<Description>,
    /// REST interface of the version.
    pub service: Service,
    /// The description of that interface.
    pub openapi: Option<Bytes>,
    /// The threads that compute.
    pub pool: Arc<Pool>,
    /// Estimates of the time that a request takes, for each [`Entry`].
    pub cost_estimates: [Arc<CostEstimate>; Entry::COUNT],
    /// Metrics of the version's model.
    pub metrics: Arc<ModelMetrics>,
}

/// Version that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// The highest.
    Default,
    /// Number of a version, which may be one that no version can have.
    Version(i64),
    /// Label of a version.
    Label(&'a str),
}

/// The reason why a client does not get a version, as a sentence for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotServed {
    /// Model that is not served.
    #[error("unknown model '{name}'; this server serves {served}")]
    Model { name: String, served: String },
    /// Version of the model that is not served.
    #[error("unknown version {version}; of model '{name}' this server serves {served}")]
    Version { name: String, version: String, served: String },
    /// Label that no version of the model has.
    #[error("unknown version label '{label}'; of model '{name}' this server knows {known}")]
    Label { name: String, label: String, known: String },
}

impl NotServed {
    /// A version that is no number.
    pub(super) fn unnumbered(name: &str, version: &str, served: &[u64]) -> Self {
        Self::Version {
            name: name.to_owned(),
            version: format!("'{}'", shortened(version)),
            served: listed(served.iter()),
        }
    }
}

impl From<NotServed> for Failure {
    fn from(error: NotServed) -> Self {
        match error {
            NotServed::Model { .. } | NotServed::Version { .. } => {
                Self::new(StatusCode::NOT_FOUND, Code::NotFound, error.to_string())
            }
            // Answer as TensorFlow Serving does.
            NotServed::Label { .. } => Self::invalid(error.to_string()),
        }
    }
}

/// Fault that keeps the server from starting.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Checksum(#[from] ChecksumError),
    #[error("model '{name}', version {version}: {error}")]
    Load { name: String, version: u64, error: LoadError },
    #[error("model '{name}': {file} in {directory} says version {found}, the directory {version}")]
    OtherVersion { name: String, file: &'static str, directory: String, found: u64, version: u64 },
    #[error("{0}")]
    Capture(String),
    #[error("{0}")]
    Traces(String),
}

impl Catalogue {
    /// Checks the files, loads every model and compiles its first instance.
    pub(super) fn load(models: &[ModelConfig], flags: &Flags, metrics: &Metrics) -> Result<Self, StartError> {
        check_library(flags)?;
        let mut served = BTreeMap::new();
        for model in models {
            let model_metrics = Arc::new(metrics.model(&model.name));
            let mut versions = BTreeMap::new();
            for &version in &model.versions {
                versions.insert(version, Arc::new(Servable::load(model, version, flags, &model_metrics)?));
            }
            served.insert(model.name.clone(), ServedModel { versions, labels: model.labels.clone() });
        }
        Ok(Self(served))
    }

    /// Finds a version.
    pub(super) fn find(&self, name: &str, choice: Choice<'_>) -> Result<&Arc<Servable>, NotServed> {
        let model = self.model(name)?;
        let newest = model.versions.last_key_value().map(|(_, servable)| servable).expect("a model has a version");
        match choice {
            Choice::Default => Ok(newest),
            Choice::Version(version) => {
                let found = u64::try_from(version).ok().and_then(|version| model.versions.get(&version));
                found.ok_or_else(|| NotServed::Version {
                    name: name.to_owned(),
                    version: version.to_string(),
                    served: listed(model.versions.keys()),
                })
            }
            Choice::Label(label) => model.labels.get(label).map(|version| &model.versions[version]).ok_or_else(|| {
                NotServed::Label { name: name.to_owned(), label: shortened(label), known: listed(model.labels.keys()) }
            }),
        }
    }

    /// The versions of a model that a client asks for: all of them by default.
    pub(super) fn versions(&self, name: &str, choice: Choice<'_>) -> Result<Vec<u64>, NotServed> {
        match choice {
            Choice::Default => Ok(self.model(name)?.versions.keys().copied().collect()),
            choice => Ok(vec![self.find(name, choice)?.description.version]),
        }
    }

    /// All versions of all models.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Servable>> {
        self.0.values().flat_map(|model| model.versions.values())
    }

    fn model(&self, name: &str) -> Result<&ServedModel, NotServed> {
        self.0.get(name).ok_or_else(|| NotServed::Model { name: shortened(name), served: listed(self.0.keys()) })
    }
}

impl Servable {
    fn load(
        config: &ModelConfig,
        version: u64,
        flags: &Flags,
        metrics: &Arc<ModelMetrics>,
    ) -> Result<Self, StartError> {
        let (name, directory, start) = (&config.name, config.directory(version), Instant::now());
        let pinned = flags.checksums_sha256.iter().find(|pinned| pinned.name == *name && pinned.version == version);
        let checksums = Checksums::read(&directory, pinned.map(|pinned| pinned.digest))?;
        let problem = |error| StartError::Load { name: name.clone(), version, error };
        checksums.check(&directory, FILE_NAME, flags.allow_unverified_files)?;
        let described = Description::read(&directory).map_err(problem)?;
        if described.version != version {
            return Err(StartError::OtherVersion {
                name: name.clone(),
                file: FILE_NAME,
                directory: directory.display().to_string(),
                found: described.version,
                version,
            });
        }
        checksums.check(&directory, &described.file, flags.allow_unverified_files)?;
        let openapi = openapi(&directory, name)
            .map_err(|error| ChecksumError::Unreadable { path: directory.join(OPENAPI_FILE), error })?;
        if openapi.is_some() {
            checksums.check(&directory, OPENAPI_FILE, flags.allow_unverified_files)?;
        }
        let watch =
            SignalWatch::start(&format!("version {version} of model '{name}' in {}", directory.display()), None);
        let model = Model::load(&Options {
            directory,
            library: flags.litert_library.clone(),
            name: Some(name.clone()),
            threads: Threads::of(flags, processors()).threads,
            warn: |problem| tracing::warn!(problem, "the model takes more time or memory than it need"),
        })
        .map_err(problem)?;
        let description = Arc::clone(&model.description);
        let pool = Arc::new(Pool::new(model, flags.queue_size, Arc::clone(metrics)));
        pool.grow(Weights::Own).map_err(problem)?;
        drop(watch);
        metrics.loading.observe(micros(start));
        tracing::info!(model = name, version, milliseconds = micros(start) / 1e3, "model loaded");
        Ok(Self {
            service: Service::new(Arc::clone(&description), "server").with_explorer(flags.explorer),
            openapi: openapi.map(Bytes::from),
            description,
            pool,
            cost_estimates: std::array::from_fn(|_| Arc::new(CostEstimate::new())),
            metrics: Arc::clone(metrics),
        })
    }
}

/// The loader looks for a library without a directory in places of its own, where there are no checksums.
fn check_library(flags: &Flags) -> Result<(), ChecksumError> {
    let path = &flags.litert_library;
    if let Some(expected) = flags.litert_library_sha256 {
        return super::checksums::check(path, expected);
    }
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ChecksumError::Missing { path: path.clone() });
    };
    let checksums = Checksums::read(directory, None::<Digest>)?;
    checksums.check(directory, &name.to_string_lossy(), flags.allow_unverified_files)
}

fn shortened(text: &str) -> String {
    text.chars().take(100).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

fn listed(items: impl Iterator<Item: std::fmt::Display>) -> String {
    let mut text = String::new();
    for item in items {
        let _ = write!(text, "{}'{item}'", if text.is_empty() { "" } else { ", " });
    }
    if text.is_empty() { "none".to_owned() } else { text }
}
