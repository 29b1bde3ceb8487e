"""The commands `fetch` and `publish`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from cdk_tensorflow_shared.build_key import build_key as key_of

from ..documents.draft import OUTCOME_FILE
from ..documents.job_file import parse_job, read_job
from ..documents.outcome import Outcome
from ..errors import BadInputError, ExitCode, OptimizerError
from ..fetching.fetch import JOB_FILE, SERVING_DIRECTORY, fetch_inputs
from ..fetching.fetched import read_fetched
from ..fetching.serving import fetch_serving
from ..publishing.provenance import builder_of
from ..publishing.publish import publish_build
from ..publishing.target import Target
from ..report.write import write_report
from ..storage.buckets import open_bucket
from ..storage.storage_errors import StorageError
from .failure import in_job_file, one_sentence
from .json_option import AsJson, show_document

if TYPE_CHECKING:
    from ..documents.job import Job


def fetch(  # noqa: PLR0913, PLR0917 - each is an option
    directory: Annotated[Path, typer.Option(help="Gets job.json, source/, evaluation/, students/ and fetched.json.")],
    config: Annotated[Path | None, typer.Option(help="The job.json, on this machine.")] = None,
    bucket: Annotated[str | None, typer.Option(help="The bucket of job.json, instead of --config.")] = None,
    config_key: Annotated[str | None, typer.Option(help="The key of job.json in --bucket.")] = None,
    serving_key: Annotated[
        str | None, typer.Option(help="The key in --bucket of the manifest of the version that serves: gets serving/.")
    ] = None,
    serving_sha256: Annotated[str, typer.Option(help="Its SHA-256, from the version's record.")] = "",
) -> None:
    """Read a job's model, evaluation data and students from S3, compare them with the job, and lay them out."""
    with one_sentence(in_job_file):
        if serving_key and bucket is None:
            raise BadInputError("give --serving-key with --bucket, which holds the version")
        if (config is None) == (bucket is None or config_key is None) or (config and (bucket or config_key)):
            raise BadInputError("give either --config, or --bucket and --config-key")
        job: Job | None = None
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / OUTCOME_FILE).unlink(missing_ok=True)
            if config is not None:
                text, where = _read_text(config), str(config)
            else:
                home = open_bucket(bucket or "")
                text, where = home.read(config_key or ""), home.address(config_key or "")
            _, job = parse_job(text, where)
            (directory / JOB_FILE).write_bytes(text)
            fetch_inputs(job, directory, open_bucket, typer.echo)
            if serving_key:
                fetch_serving(
                    open_bucket(bucket or ""), serving_key, serving_sha256, directory / SERVING_DIRECTORY, typer.echo
                )
        except StorageError as error:
            failure = error if error.transient else BadInputError(str(error))
            _leave_outcome(directory, job, failure)
            raise failure from error
        except OptimizerError as error:
            _leave_outcome(directory, job, error)
            raise


def publish(  # noqa: PLR0913 - options of a command
    *,
    output: Annotated[Path, typer.Option(help="What `run` left.")],
    config: Annotated[Path, typer.Option(help="The job.json that it was made from.")],
    bucket: Annotated[str, typer.Option(envvar="ARTIFACT_BUCKET", help="The bucket to publish to.")],
    model_prefix: Annotated[str, typer.Option(envvar="MODEL_PREFIX", help="The model's prefix in the bucket.")],
    build_key: Annotated[str | None, typer.Option(help="The key of these inputs. [default: that of job.json]")] = None,
    build_id: Annotated[str | None, typer.Option(help="The name of this build. [default: local-<time>]")] = None,
    as_json: AsJson = False,
) -> None:
    """Upload the report of a build and, after exit code 0, publish its model as a new version."""
    with one_sentence(in_job_file):
        outcome_at = output
        if not (output / OUTCOME_FILE).is_file() and (config.parent / OUTCOME_FILE).is_file():
            outcome_at = config.parent  # The build ended in `fetch`.
        job, key = None, build_key
        if config.is_file():
            data, job = read_job(config)
            key = key_of(data)
            if build_key and build_key != key:
                raise BadInputError(
                    f"--build-key is {build_key}, but the key of {config} is {key}: they belong together"
                )
        if key is None:
            raise BadInputError(f"{config} is missing: give the job.json that {output} was made from")
        target = Target(
            bucket=open_bucket(bucket),
            prefix=model_prefix.strip("/"),
            build_id=build_id or f"local-{datetime.now(UTC):%Y%m%d-%H%M%S}",
            build_key=key,
            build_url=os.environ.get("CODEBUILD_BUILD_URL", ""),
            builder=builder_of(os.environ.get("CODEBUILD_BUILD_ARN", "")),
            # post_build runs after a failed build, too. Another machine has neither variable.
            succeeding="CODEBUILD_BUILD_ID" not in os.environ or os.environ.get("CODEBUILD_BUILD_SUCCEEDING") == "1",
        )
        record = publish_build(target, job, outcome_at, read_fetched(config.parent), partial(typer.echo, err=as_json))
        if record is None:
            raise typer.Exit(int(_exit_code(outcome_at)))
        if as_json:
            show_document(record.model_dump(by_alias=True))
            return
        typer.echo(f"version {record.version} is published: {record.summary}")
        typer.echo(f"manifestKey: {record.manifest_key}\nmanifestSha256: {record.manifest_sha256}")
        typer.echo("next: serve it from this bucket by its manifestKey")


def _exit_code(output: Path) -> ExitCode:
    return Outcome.model_validate_json((output / OUTCOME_FILE).read_text(encoding="utf-8")).exit_code


def _read_text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot read the job: {path}: {error.strerror}") from error


def _leave_outcome(directory: Path, job: Job | None, error: OptimizerError) -> None:
    """Write an outcome, so that `publish` can upload why a build failed before it ran."""
    outcome = Outcome.of_error(error)
    (directory / OUTCOME_FILE).write_text(outcome.to_json(), encoding="utf-8")
    if job is not None:
        write_report(directory, job, outcome, None)
