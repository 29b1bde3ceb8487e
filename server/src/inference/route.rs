use crate::rest::Refusal;

const ROOT: &str = "/v2";
const MODELS: &str = "/v2/models/";
const HEALTH: &str = "/v2/health/";
/// Path of models in TensorFlow Serving's API.
const OTHER_MODELS: &str = "/v1/models/";

/// The resource of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'p> {
    /// The server's liveness.
    Live,
    /// The server's readiness.
    Ready,
    /// The server's name, version and extensions.
    Server,
    /// Something of a model.
    Model {
        /// Name of the model in the path.
        name: &'p str,
        /// The newest where there is none.
        version: Option<&'p str>,
        /// Part of the model that the request asks for.
        part: Part,
    },
}

/// The part of a model that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Inputs, outputs and versions.
    Metadata,
    /// Readiness of the model.
    Ready,
    /// A prediction.
    Infer,
}

/// Returns the part of a decoded path that is the protocol's, if any. What stands before it is ignored: the stage of an API,
/// or the base path of a domain.
#[must_use]
pub fn find(path: &str) -> Option<&str> {
    if path.contains(OTHER_MODELS) {
        return None;
    }
    let first = [MODELS, HEALTH].iter().filter_map(|start| path.find(start)).min();
    let at = first.or_else(|| path.strip_suffix(ROOT).map(str::len)).or_else(|| path.find("/v2/"))?;
    Some(&path[at..])
}

impl<'p> Resource<'p> {
    /// Finds what a request asks for.
    ///
    /// # Arguments
    ///
    /// * `path`: decoded, from `/v2` on.
    /// * `noun`: of this program in sentences for clients.
    pub fn parse(method: &str, path: &'p str, noun: &str) -> Result<Self, Refusal> {
        let segments: Vec<&str> = path.split('/').skip(2).collect();
        let resource = match segments[..] {
            [] | [""] => Self::Server,
            ["health", "live"] => Self::Live,
            ["health", "ready"] => Self::Ready,
            // A verb of TensorFlow Serving's API: no model has such a name.
            ["models", name, ..] if name.contains(':') => return Err(unknown(noun)),
            ["models", name, "versions", version, ref rest @ ..] => {
                Self::Model { name, version: Some(version), part: part(rest, noun)? }
            }
            ["models", name, ref rest @ ..] => Self::Model { name, version: None, part: part(rest, noun)? },
            ["repository", ..] => return Err(not_offered("the model repository", noun)),
            ["systemsharedmemory" | "cudasharedmemory", ..] => return Err(not_offered("shared memory", noun)),
            ["trace" | "logging", ..] => return Err(not_offered("settings of traces and logs", noun)),
            _ => return Err(unknown(noun)),
        };
        let allowed = if matches!(resource, Self::Model { part: Part::Infer, .. }) { "POST" } else { "GET" };
        if method == allowed { Ok(resource) } else { Err(Refusal::wrong_method(method, allowed)) }
    }
}

fn part(segments: &[&str], noun: &str) -> Result<Part, Refusal> {
    match segments {
        [] => Ok(Part::Metadata),
        ["ready"] => Ok(Part::Ready),
        ["infer"] => Ok(Part::Infer),
        ["stats"] => Err(not_offered("statistics", noun)),
        ["config"] => Err(not_offered("the model's configuration", noun)),
        ["trace", ..] => Err(not_offered("settings of traces and logs", noun)),
        ["generate" | "generate_stream"] => Err(not_offered("generation of text", noun)),
        _ => Err(unknown(noun)),
    }
}

fn not_offered(what: &str, noun: &str) -> Refusal {
    Refusal::not_found(format!("{what}: this extension of the Open Inference Protocol is not offered by this {noun}"))
}

fn unknown(noun: &str) -> Refusal {
    let model = "/v2/models/NAME[/versions/VERSION]";
    Refusal::not_found(format!(
        "unknown path; this {noun} answers POST {model}/infer, and GET /v2, {HEALTH}live, {HEALTH}ready, {model} and \
         {model}/ready"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_or_base_path_may_precede() {
        for (path, found) in [
            ("/v2", Some("/v2")),
            ("/prod/v2", Some("/v2")),
            ("/prod/v2/health/live", Some("/v2/health/live")),
            ("/v2/v2/models/m/infer", Some("/v2/models/m/infer")),
            ("/v2/models/v2", Some("/v2/models/v2")),
            ("/v2/models/v2/infer", Some("/v2/models/v2/infer")),
            ("/prod/v2/repository/index", Some("/v2/repository/index")),
            ("/v2/v1/models/m:predict", None),
            ("/v1/models/v2", None),
            ("/v22", None),
            ("/", None),
        ] {
            assert_eq!(find(path), found, "{path}");
        }
    }

    #[test]
    fn a_path_is_a_resource_by_the_protocols_method() {
        let model = |version, part| Ok(Resource::Model { name: "m", version, part });
        let parse = |method, path| Resource::parse(method, path, "server").map_err(|refusal| refusal.status);
        assert_eq!(parse("GET", "/v2"), Ok(Resource::Server));
        assert_eq!(parse("GET", "/v2/"), Ok(Resource::Server));
        assert_eq!(parse("GET", "/v2/health/live"), Ok(Resource::Live));
        assert_eq!(parse("GET", "/v2/health/ready"), Ok(Resource::Ready));
        assert_eq!(parse("GET", "/v2/models/m"), model(None, Part::Metadata));
        assert_eq!(parse("GET", "/v2/models/m/versions/2/ready"), model(Some("2"), Part::Ready));
        assert_eq!(parse("POST", "/v2/models/m/infer"), model(None, Part::Infer));
        assert_eq!(parse("GET", "/v2/models/m/infer"), Err(405));
        assert_eq!(parse("POST", "/v2/models/m"), Err(405));
        for path in [
            "/v2/nope",
            "/v2/models",
            "/v2/models/m/",
            "/v2/models/m/versions",
            "/v2/models/m/infer/x",
            "/v2/models/m:predict",
        ] {
            assert_eq!(parse("GET", path), Err(404), "{path}");
        }
    }

    #[test]
    fn an_extension_that_is_not_offered_is_named() {
        for (path, name) in [
            ("/v2/models/m/stats", "statistics"),
            ("/v2/models/m/versions/1/config", "configuration"),
            ("/v2/models/m/trace/setting", "traces"),
            ("/v2/logging", "logs"),
            ("/v2/repository/index", "repository"),
            ("/v2/systemsharedmemory/status", "shared memory"),
            ("/v2/cudasharedmemory/region/r/register", "shared memory"),
        ] {
            let refusal = Resource::parse("POST", path, "function").unwrap_err();
            assert!(refusal.status == 404 && refusal.message.contains(name), "{path}: {refusal}");
        }
    }
}
