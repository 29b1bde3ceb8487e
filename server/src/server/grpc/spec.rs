use super::proto::serving::ModelSpec;
use super::proto::serving::model_spec::VersionChoice;
use crate::server::catalogue::Choice;
use crate::server::failure::Failure;

/// The model of a request, which every request has to name.
pub(super) fn required(spec: Option<&ModelSpec>) -> Result<&ModelSpec, Failure> {
    spec.filter(|spec| !spec.name.is_empty()).ok_or_else(|| Failure::invalid("model_spec.name is missing"))
}

impl ModelSpec {
    pub(super) fn choice(&self) -> Choice<'_> {
        match &self.version_choice {
            None => Choice::Default,
            Some(VersionChoice::Version(version)) => Choice::Version(*version),
            Some(VersionChoice::VersionLabel(label)) => Choice::Label(label),
        }
    }

    /// Names the model that gave an answer.
    pub(super) fn answered_by(name: &str, version: u64, signature_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            signature_name: signature_name.to_owned(),
            version_choice: Some(VersionChoice::Version(version as i64)),
        }
    }
}
