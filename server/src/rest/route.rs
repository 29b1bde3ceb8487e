use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use super::sentence::quoted;
use super::status;
use crate::model::{Description, OPENAPI_FILE};

const MODELS: &str = "/v1/models/";

/// The API of one model.
#[derive(Clone, Debug)]
pub struct Service {
    /// The model.
    pub description: Arc<Description>,
    /// Name of the program in sentences for clients: "function" or "server".
    noun: &'static str,
    has_explorer: bool,
}

/// The resource that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A predict request: its body is for [`PredictRequest::read`](super::PredictRequest::read).
    Predict,
    /// The model's state or metadata, with the body of the answer.
    Answer(Vec<u8>),
    /// The description of this API, which is a file of the version.
    OpenApi,
    /// The page that sends predict requests: [`explorer::PAGE`](super::explorer::PAGE).
    Explorer,
}

enum Resource {
    Predict,
    Status,
    Metadata,
    OpenApi,
    Explorer,
}

impl Service {
    /// Makes the API of a model, without the page.
    #[must_use]
    pub fn new(description: Arc<Description>, noun: &'static str) -> Self {
        Self { description, noun, has_explorer: false }
    }

    /// Decides whether the page is served, too.
    #[must_use]
    pub fn with_explorer(self, has_explorer: bool) -> Self {
        Self { has_explorer, ..self }
    }

    /// Finds what a request asks for.
    ///
    /// # Arguments
    ///
    /// * `method`: of HTTP.
    /// * `path`: percent-encoded, without a query. What stands before `/v1/models/` is ignored: the stage of an API, or
    ///   the base path of a domain.
    pub fn route(&self, method: &str, path: &str) -> Result<Route, Refusal> {
        self.route_decoded(method, &percent_decode_str(path).decode_utf8_lossy())
    }

    /// Does what `route` does for a path that is decoded already.
    pub fn route_decoded(&self, method: &str, path: &str) -> Result<Route, Refusal> {
        let start = path.find(MODELS).unwrap_or(0);
        match (self.resource(&path[start..])?, method) {
            (Resource::Predict, "POST") => Ok(Route::Predict),
            (Resource::Status, "GET") => Ok(Route::Answer(status::status(&self.description))),
            (Resource::Metadata, "GET") => Ok(Route::Answer(status::metadata(&self.description))),
            (Resource::OpenApi, "GET") => Ok(Route::OpenApi),
            (Resource::Explorer, "GET") => Ok(Route::Explorer),
            (Resource::Predict, _) => Err(Refusal::wrong_method(method, "POST")),
            _ => Err(Refusal::wrong_method(method, "GET")),
        }
    }

    fn resource(&self, path: &str) -> Result<Resource, Refusal> {
        let Some(path) = path.strip_prefix(MODELS) else {
            return Err(self.unknown_path());
        };
        let (resource, verb) = match path.split_once(':') {
            Some((resource, verb)) => (resource, Some(verb)),
            None => (path, None),
        };
        let mut segments: Vec<&str> = resource.split('/').collect();
        let name = segments.remove(0);
        self.check_model(name)?;
        match segments[..] {
            ["versions", version, ..] => {
                self.check_version(version)?;
                segments.drain(..2);
            }
            ["labels", ..] => {
                let version = self.description.version;
                return Err(
                    self.not_found(format!("this {} has no version labels; it serves version {version}", self.noun))
                );
            }
            _ => {}
        }
        match (&segments[..], verb) {
            ([], Some("predict")) => Ok(Resource::Predict),
            ([], None) => Ok(Resource::Status),
            (["metadata"], None) => Ok(Resource::Metadata),
            ([OPENAPI_FILE], None) => Ok(Resource::OpenApi),
            (["explorer"], None) if self.has_explorer => Ok(Resource::Explorer),
            ([], Some(verb @ ("classify" | "regress"))) => {
                Err(Refusal::bad_request(format!(":{verb} is not offered for LiteRT models; use :predict")))
            }
            ([], Some(verb)) => Err(self.not_found(format!("unknown verb {}; use predict", quoted(verb, 100)))),
            _ => Err(self.unknown_path()),
        }
    }

    /// The refusal where a version has no description of this API.
    #[must_use]
    pub fn undescribed(&self) -> Refusal {
        let name = quoted(&self.description.model, 100);
        self.not_found(format!(
            "version {} has no {OPENAPI_FILE} of the model {name}: it was published by another release, or by another \
             name",
            self.description.version
        ))
    }

    /// Checks that a name is the model's.
    pub(crate) fn check_model(&self, name: &str) -> Result<(), Refusal> {
        if name == self.description.model {
            return Ok(());
        }
        let (name, own) = (quoted(name, 100), quoted(&self.description.model, 100));
        Err(self.not_found(format!("unknown model {name}; this {} serves {own}", self.noun)))
    }

    /// Checks that a version is the model's.
    pub(crate) fn check_version(&self, version: &str) -> Result<(), Refusal> {
        let own = self.description.version;
        let digits = !version.is_empty() && version.bytes().all(|letter| letter.is_ascii_digit());
        if digits && version.parse() == Ok(own) {
            return Ok(());
        }
        let version = quoted(version, 100);
        Err(self.not_found(format!("unknown version {version}; this {} serves {own}", self.noun)))
    }

    fn unknown_path(&self) -> Refusal {
        let base = format!("{MODELS}{}", self.description.model);
        self.not_found(format!(
            "unknown path; this {} answers POST {base}:predict, GET {base}, GET {base}/metadata and GET \
             {base}/{OPENAPI_FILE}",
            self.noun
        ))
    }

    #[expect(clippy::unused_self, reason = "reads as the other refusals do")]
    fn not_found(&self, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::not_found(message)
    }
}
