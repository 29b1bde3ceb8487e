use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;

use super::flag_values::{absolute_path, header, max_age, milliseconds, origin, positive, seconds, whole_seconds};

/// Serves LiteRT models over TensorFlow Serving's REST and gRPC interfaces.
///
/// A model is a directory BASE_PATH/VERSION with model.tflite, model.json and SHA256SUMS. The versions to serve are
/// named, never discovered. The ports open when every model answers.
#[derive(Clone, Debug, Parser)]
#[allow(clippy::doc_markdown, reason = "the comments are the help")]
#[command(name = "model_server", version, rename_all = "snake_case", max_term_width = 100)]
pub(super) struct Flags {
    /// Port of gRPC; 0 for none
    #[arg(long, default_value_t = 8500, value_name = "PORT", help_heading = "Ports")]
    pub port: u16,

    /// Port of REST and of the metrics; 0 for none
    #[arg(long, default_value_t = 8501, value_name = "PORT", help_heading = "Ports")]
    pub rest_api_port: u16,

    /// Address to listen on [default: all, IPv6 and IPv4]
    #[arg(long, value_name = "ADDRESS", help_heading = "Ports")]
    pub address: Option<std::net::IpAddr>,

    /// Path of the Prometheus metrics on the REST port
    #[arg(
        long,
        default_value = "/monitoring/prometheus/metrics",
        value_parser = absolute_path,
        value_name = "PATH",
        help_heading = "Ports"
    )]
    pub monitoring_path: String,

    /// Name of the only model
    #[arg(
        long,
        default_value = "default",
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new(),
        help_heading = "Models"
    )]
    pub model_name: String,

    /// Directory of the only model's versions
    #[arg(
        long,
        value_name = "DIRECTORY",
        requires = "model_version",
        required_unless_present = "model_config_file",
        conflicts_with = "model_config_file",
        help_heading = "Models"
    )]
    pub model_base_path: Option<PathBuf>,

    /// Version of the only model
    #[arg(
        long,
        value_name = "VERSION",
        requires = "model_base_path",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Models"
    )]
    pub model_version: Option<u64>,

    /// One or several models: a ModelServerConfig in text form, each with model_version_policy { specific { … } }
    ///
    /// Each has a queue, instances and threads of its own, so one that is busy starves no other. They share the memory limits.
    #[arg(long, value_name = "FILE", help_heading = "Models")]
    pub model_config_file: Option<PathBuf>,

    /// SHA-256 of the file that holds a version's checksums, as NAME/VERSION=HEX; may be repeated
    ///
    /// That file is SHA256SUMS of the version's directory, or manifest.json where there is none.
    #[arg(long, value_name = "NAME/VERSION=HEX", value_parser = super::checksums::pinned, help_heading = "Models")]
    pub checksums_sha256: Vec<super::checksums::Pinned>,

    /// The LiteRT library
    #[arg(long, default_value = "libLiteRt.so", value_name = "FILE", help_heading = "LiteRT")]
    pub litert_library: PathBuf,

    /// SHA-256 of the LiteRT library [default: the one in SHA256SUMS beside it]
    #[arg(long, value_name = "HEX", value_parser = crate::model::Digest::parse, help_heading = "LiteRT")]
    pub litert_library_sha256: Option<crate::model::Digest>,

    /// Start also with files for which there is no checksum; one that differs is refused in any case
    #[arg(long, help_heading = "LiteRT")]
    pub allow_unverified_files: bool,

    /// Instances of each model, each of which answers one request at a time [default: one for each processor, or for each
    /// --threads_per_request of them]
    #[arg(long, value_name = "NUMBER", value_parser = positive, help_heading = "Limits")]
    pub workers: Option<usize>,

    /// Threads that compute one request: a large model answers sooner with more, and answers fewer requests at once
    ///
    /// At most as many as there are processors, which limit the instances too where it is more than one.
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = positive, help_heading = "Limits")]
    pub threads_per_request: usize,

    /// Memory to stay below, in MiB: as many instances are compiled as fit [default: the container's limit, if any]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits")]
    pub memory_limit_in_mib: Option<u64>,

    /// Memory that all requests in flight may take, in MiB: bodies, tensors, and answers that are not yet written
    ///
    /// A request that finds none left is refused at once with 503 or UNAVAILABLE [default: 256, or a fifth of the memory limit where
    /// that is less, but 32 at least]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..1 << 20), help_heading = "Limits")]
    pub request_memory_in_mib: Option<u32>,

    /// Connections that may be open at once; from others only probes are answered
    ///
    /// Fewer where the limit of open files allows fewer.
    #[arg(long, default_value_t = 1000, value_name = "NUMBER", value_parser = positive, help_heading = "Limits")]
    pub max_connections: usize,

    /// Requests that may wait for a model; the next one is refused at once with 503 or UNAVAILABLE
    #[arg(long, default_value_t = 128, value_name = "NUMBER", help_heading = "Limits")]
    pub queue_size: usize,

    /// Largest body of a request, in bytes; a larger one is refused with 413 or OUT_OF_RANGE
    #[arg(long, default_value_t = 64 << 20, value_name = "BYTES", value_parser = positive, help_heading = "Limits")]
    pub max_request_bytes: usize,

    /// Time to answer a request, waiting included, in milliseconds; over gRPC the client's deadline counts as well
    #[arg(
        long,
        default_value = "30000",
        value_name = "MILLISECONDS",
        value_parser = milliseconds,
        help_heading = "Limits"
    )]
    pub rest_api_timeout_in_ms: Duration,

    /// Threads that read requests, write answers, and compute what takes less than 0.5 ms [default: one for each processor]
    #[arg(long, value_name = "NUMBER", value_parser = positive, help_heading = "Limits")]
    pub io_threads: Option<usize>,

    /// End a connection after so long, between its requests, so that clients find other servers [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Limits")]
    pub max_connection_age_in_seconds: Option<Duration>,

    /// After SIGTERM, keep the ports open for so long while readiness is already withdrawn
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds, help_heading = "Shutdown")]
    pub drain_delay_in_seconds: Duration,

    /// Then wait for so long at most until every request is answered
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = seconds, help_heading = "Shutdown")]
    pub drain_timeout_in_seconds: Duration,

    /// Serve a page that sends predict requests from a browser, at /v1/models/NAME/explorer
    #[arg(
        long,
        action = clap::ArgAction::Set,
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        hide_possible_values = true,
        value_name = "BOOL",
        help_heading = "Page"
    )]
    pub explorer: bool,

    /// Web pages of other origins that may send REST requests and read the answers: origins such as https://www.example.com with
    /// commas between them, or * for every one [default: none]
    #[arg(
        long,
        value_name = "ORIGINS",
        value_parser = origin,
        value_delimiter = ',',
        help_heading = "Web pages of other origins"
    )]
    pub cors_allow_origins: Vec<String>,

    /// Headers that these pages may send besides those that need no permission, with commas between them [default: content-type]
    #[arg(
        long,
        value_name = "NAMES",
        value_parser = header,
        value_delimiter = ',',
        requires = "cors_allow_origins",
        help_heading = "Web pages of other origins"
    )]
    pub cors_allow_headers: Vec<hyper::header::HeaderName>,

    /// Time for which browsers may keep the answer to a preflight request; at most 86400, which is a day
    #[arg(
        long,
        default_value = "5",
        value_name = "SECONDS",
        value_parser = max_age,
        requires = "cors_allow_origins",
        help_heading = "Web pages of other origins"
    )]
    pub cors_max_age_in_seconds: u32,

    /// Firehose stream for a sample of the requests with their answers; with the credentials of the pod or instance
    #[arg(
        long,
        value_name = "ARN",
        value_parser = super::capture::stream,
        requires = "capture_rate",
        help_heading = "Captured requests"
    )]
    pub capture_stream_arn: Option<super::capture::Stream>,

    /// Share of the answered requests to capture, above 0 and at most 1
    #[arg(
        long,
        value_name = "SHARE",
        value_parser = super::capture::rate,
        requires = "capture_stream_arn",
        help_heading = "Captured requests"
    )]
    pub capture_rate: Option<crate::captured_request::Rate>,

    /// Input whose values are replaced by null in captured requests; may be repeated
    #[arg(long, value_name = "NAME", requires = "capture_stream_arn", help_heading = "Captured requests")]
    pub capture_redact: Vec<String>,

    /// Least severe level that is logged, as JSON to standard output
    #[arg(long, value_enum, default_value = "info", value_name = "LEVEL", help_heading = "Log")]
    pub log_level: super::log::LogLevel,

    /// Log a line of JSON for each request, whatever the level
    #[arg(
        long,
        action = clap::ArgAction::Set,
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        hide_possible_values = true,
        value_name = "BOOL",
        help_heading = "Log"
    )]
    pub access_log: bool,

    /// Collector that gets a span of each prediction by OTLP over HTTP, at its path /v1/traces
    ///
    /// The standard variables OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS count as well.
    #[cfg(feature = "otlp")]
    #[arg(long, value_name = "URL", value_parser = super::traces::endpoint, help_heading = "Traces")]
    pub otlp_endpoint: Option<super::traces::Endpoint>,

    /// Share of the predictions without a traceparent that get a span, above 0 and at most 1 [default: all, or as
    /// OTEL_TRACES_SAMPLER says]; those with one get a span if it is sampled
    #[cfg(feature = "otlp")]
    #[arg(
        long,
        value_name = "SHARE",
        value_parser = super::capture::rate,
        requires = "otlp_endpoint",
        help_heading = "Traces"
    )]
    pub otlp_sample_rate: Option<crate::captured_request::Rate>,

    /// Certificate chain for both ports, as PEM; reread when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key_file", help_heading = "TLS")]
    pub tls_certificate_file: Option<PathBuf>,

    /// Private key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate_file", help_heading = "TLS")]
    pub tls_key_file: Option<PathBuf>,

    /// Secret of AWS Secrets Manager with both, instead of files; with the credentials of the pod or instance
    ///
    /// Its value is JSON: {"certificate": PEM, "privateKey": PEM}.
    #[arg(
        long,
        value_name = "ARN",
        value_parser = super::tls::secret_arn,
        conflicts_with = "tls_certificate_file",
        help_heading = "TLS"
    )]
    pub tls_secret_arn: Option<super::aws::Arn>,

    /// Pause between two reads of the secret
    #[arg(long, default_value = "300", value_name = "SECONDS", value_parser = whole_seconds, help_heading = "TLS")]
    pub tls_secret_refresh_in_seconds: Duration,
}

impl Flags {
    /// Place of the certificate; `None` where connections are not encrypted.
    pub(super) fn tls(&self) -> Option<super::tls::Source> {
        use super::tls::Source;

        match (&self.tls_certificate_file, &self.tls_key_file, &self.tls_secret_arn) {
            (Some(certificate), Some(key), _) => {
                Some(Source::Files { certificate: certificate.clone(), key: key.clone() })
            }
            (_, _, Some(arn)) => Some(Source::secret(arn.clone(), self.tls_secret_refresh_in_seconds)),
            _ => None,
        }
    }

    /// Settings of the traces; `None` where no spans are made.
    #[cfg(feature = "otlp")]
    pub(super) fn traces(&self) -> Option<super::traces::Settings> {
        Some(super::traces::Settings { endpoint: self.otlp_endpoint.clone()?, sample_rate: self.otlp_sample_rate })
    }

    /// Settings of the traces, which this program has not.
    #[cfg(not(feature = "otlp"))]
    #[allow(clippy::unused_self, reason = "as in the program that has traces")]
    pub(super) fn traces(&self) -> Option<super::traces::Settings> {
        None
    }

    /// Settings of the capture; `None` where nothing is captured.
    pub(super) fn capture(&self) -> Option<super::capture::Settings> {
        let (stream, rate) = (self.capture_stream_arn.clone()?, self.capture_rate?);
        Some(super::capture::Settings { stream, rate, redact: self.capture_redact.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        Flags::try_parse_from([&["model_server"], arguments].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn takes_tensorflow_servings_names() {
        let flags = parse(&[
            "--port=1",
            "--rest_api_port=2",
            "--model_name=digits",
            "--model_base_path=/models/digits",
            "--model_version=3",
            "--rest_api_timeout_in_ms=250",
        ])
        .unwrap();
        assert_eq!((flags.port, flags.rest_api_port, flags.model_version), (1, 2, Some(3)));
        assert_eq!(flags.rest_api_timeout_in_ms, Duration::from_millis(250));
    }

    #[test]
    fn captures_only_with_a_stream_and_a_rate() {
        let model = ["--model_base_path=/m", "--model_version=1"];
        let stream = "--capture_stream_arn=arn:aws:firehose:eu-west-1:1:deliverystream/a";
        assert!(parse(&model).unwrap().capture().is_none());
        let flags =
            parse(&[&model[..], &[stream, "--capture_rate=0.5", "--capture_redact=a", "--capture_redact=b"]].concat());
        assert_eq!(flags.unwrap().capture().unwrap().redact, ["a", "b"]);
    }

    #[test]
    fn requests_are_logged_where_a_flag_says_so() {
        let model = ["--model_base_path=/m", "--model_version=1"];
        let log = |flags: &[&str]| parse(&[&model[..], flags].concat()).map(|flags| flags.access_log);
        assert_eq!([&[][..], &["--access_log=false"]].map(log), [Ok(false), Ok(false)]);
        assert_eq!([&["--access_log"][..], &["--access_log=true"]].map(log), [Ok(true), Ok(true)]);
        assert!(log(&["--access_log=some"]).is_err());
        assert!(!parse(&model).unwrap().explorer && parse(&[&model[..], &["--explorer"]].concat()).unwrap().explorer);
    }

    #[test]
    fn a_version_must_be_named() {
        assert!(parse(&["--model_base_path=/models/digits"]).unwrap_err().contains("--model_version"));
        assert!(parse(&[]).unwrap_err().contains("--model_base_path"));
    }

    #[test]
    fn refuses_an_unknown_flag_and_values_out_of_range() {
        let model = ["--model_base_path=/m", "--model_version=1"];
        for wrong in [
            "--enable_batching",
            "--port=70000",
            "--workers=0",
            "--drain_delay_in_seconds=-1",
            "--monitoring_path=metrics",
            "--checksums_sha256=m/1=00",
            "--tls_key_file=key.pem",
            "--tls_secret_arn=digits/tls",
            "--tls_secret_refresh_in_seconds=0",
            "--capture_rate=0.5",
            #[cfg(feature = "otlp")]
            "--otlp_sample_rate=0.5",
            "--capture_redact=image",
            "--capture_stream_arn=arn:aws:firehose:eu-west-1:1:deliverystream/a",
        ] {
            assert!(parse(&[&model[..], &[wrong]].concat()).is_err(), "{wrong}");
        }
    }
}
