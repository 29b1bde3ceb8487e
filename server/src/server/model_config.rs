use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, ReflectMessage, Value};

use super::flags::Flags;

/// A model that is to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelConfig {
    /// The name clients use.
    pub name: String,
    /// Directory of the versions' directories.
    pub base_path: PathBuf,
    /// Numbers of the versions, at least one.
    pub versions: BTreeSet<u64>,
    /// Names of versions.
    pub labels: BTreeMap<String, u64>,
}

/// Problems that keep the server from following the configuration, one a line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(super) struct ConfigError(Vec<String>);

impl ModelConfig {
    /// Returns the directory of a version's files.
    pub(super) fn directory(&self, version: u64) -> PathBuf {
        self.base_path.join(version.to_string())
    }
}

/// Returns the models that the flags name.
pub(super) fn models(flags: &Flags) -> Result<Vec<ModelConfig>, ConfigError> {
    let models = match (&flags.model_config_file, &flags.model_base_path, flags.model_version) {
        (Some(path), _, _) => {
            let text = std::fs::read_to_string(path).map_err(|error| problem(path, &error))?;
            parse(&text).map_err(|ConfigError(problems)| {
                ConfigError(problems.into_iter().map(|text| format!("{}: {text}", path.display())).collect())
            })?
        }
        (None, Some(base_path), Some(version)) => vec![ModelConfig {
            name: flags.model_name.clone(),
            base_path: base_path.clone(),
            versions: BTreeSet::from([version]),
            labels: BTreeMap::new(),
        }],
        _ => return Err(ConfigError(vec!["--model_base_path and --model_version, or --model_config_file".to_owned()])),
    };
    let strange = flags.checksums_sha256.iter().filter(|pinned| {
        !models.iter().any(|model| model.name == pinned.name && model.versions.contains(&pinned.version))
    });
    let problems: Vec<_> = strange
        .map(|pinned| format!("--checksums_sha256 is for {}/{}, which is not served", pinned.name, pinned.version))
        .collect();
    if problems.is_empty() { Ok(models) } else { Err(ConfigError(problems)) }
}

/// Reads a `ModelServerConfig` in text form.
fn parse(text: &str) -> Result<Vec<ModelConfig>, ConfigError> {
    let descriptors = include_bytes!(concat!(env!("OUT_DIR"), "/model_config.bin")).as_slice();
    let pool = DescriptorPool::decode(descriptors).expect("the build made it");
    let kind = pool.get_message_by_name("tensorflow.serving.ModelServerConfig").expect("our own .proto file has it");
    let config = DynamicMessage::parse_text_format(kind, text).map_err(|error| {
        // Its first line says only that parsing failed.
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        ConfigError(vec![format!("not a ModelServerConfig that this server can follow: {cause}")])
    })?;
    let list = message(&config, "model_config_list");
    let entries = list.get_field_by_name("config").expect("a field of ours").into_owned();
    let entries: Vec<_> = entries.as_list().unwrap_or_default().iter().filter_map(Value::as_message).collect();
    let mut problems = Vec::new();
    let models: Vec<_> = entries.iter().map(|entry| model(entry, &mut problems)).collect();
    if models.is_empty() {
        problems.push("it names no model; model_config_list { config { … } } is expected".to_owned());
    }
    let mut names = BTreeSet::new();
    for name in models.iter().map(|model| &model.name).filter(|name| !names.insert(*name)) {
        problems.push(format!("model '{name}' is there twice"));
    }
    if problems.is_empty() { Ok(models) } else { Err(ConfigError(problems)) }
}

fn model(entry: &DynamicMessage, problems: &mut Vec<String>) -> ModelConfig {
    let text = |field| entry.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned));
    let name = text("name").unwrap_or_default();
    if name.is_empty() || name.contains(['/', ':']) {
        problems.push(format!("model '{name}': a name without / and : is needed"));
    }
    let base_path = text("base_path").unwrap_or_default();
    if base_path.is_empty() || base_path.contains("://") {
        problems.push(format!("model '{name}': base_path '{base_path}' is not a directory of this machine"));
    }
    match text("model_platform").unwrap_or_default().as_str() {
        "" | "litert" | "tensorflow" => {}
        other => problems.push(format!("model '{name}': model_platform '{other}' is not litert")),
    }
    let specific = message(&message(entry, "model_version_policy"), "specific");
    let given = specific.get_field_by_name("versions").expect("a field of ours").into_owned();
    let given = given.as_list().unwrap_or_default().iter().filter_map(Value::as_i64);
    let mut versions = BTreeSet::new();
    for version in given {
        if let Some(version) = u64::try_from(version).ok().filter(|&version| version > 0) {
            versions.insert(version);
        } else {
            problems.push(format!("model '{name}': version {version} is not positive"));
        }
    }
    if versions.is_empty() {
        problems.push(format!(
            "model '{name}': no version is named; give model_version_policy {{ specific {{ versions: N }} }}"
        ));
    }
    let given = entry.get_field_by_name("version_labels").expect("a field of ours").into_owned();
    let mut labels = BTreeMap::new();
    for (label, version) in given.as_map().into_iter().flatten() {
        let (MapKey::String(label), Some(version)) = (label, version.as_i64()) else { continue };
        if let Some(version) = u64::try_from(version).ok().filter(|version| versions.contains(version)) {
            labels.insert(label.clone(), version);
        } else {
            problems.push(format!("model '{name}': label '{label}' is for version {version}, which is not served"));
        }
    }
    ModelConfig { name, base_path: base_path.into(), versions, labels }
}

fn message(parent: &DynamicMessage, field: &str) -> DynamicMessage {
    let value = parent.get_field_by_name(field).expect("a field of ours").into_owned();
    match value {
        Value::Message(message) => message,
        _ => DynamicMessage::new(parent.descriptor()),
    }
}

fn problem(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError(vec![format!("cannot read {}: {error}", path.display())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_tensorflow_serving_is_given() {
        let models = parse(
            r#"model_config_list {
                config {
                    name: "digits" base_path: "/models/digits" model_platform: "tensorflow"
                    model_version_policy { specific { versions: 3 versions: 4 } }
                    version_labels { key: "stable" value: 3 }
                }
                config: { name: 'chords', base_path: '/models/chords', model_version_policy: { specific: { versions: 7 } } }
            }"#,
        )
        .unwrap();
        assert_eq!(models[0].versions, BTreeSet::from([3, 4]));
        assert_eq!(models[0].labels, BTreeMap::from([("stable".to_owned(), 3)]));
        assert_eq!(models[1].directory(7), Path::new("/models/chords/7"));
    }

    #[test]
    fn says_all_that_is_wrong() {
        let error = parse(
            r#"model_config_list {
                config { name: "a" base_path: "s3://bucket/a" version_labels { key: "x" value: 2 } }
                config { name: "a" base_path: "/a" model_version_policy { specific { versions: 0 } } }
            }"#,
        )
        .unwrap_err()
        .to_string();
        for part in ["s3://bucket/a", "no version is named", "label 'x' is for version 2", "version 0", "twice"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn refuses_policies_that_follow_what_appears() {
        let latest =
            r#"model_config_list { config { name: "a" base_path: "/a" model_version_policy { latest { } } } }"#;
        assert!(parse(latest).unwrap_err().to_string().contains("latest"));
        assert!(parse("").unwrap_err().to_string().contains("names no model"));
    }
}
