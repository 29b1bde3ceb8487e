"""Whole jobs in which a leaf is hostile, and what is published of them."""

from __future__ import annotations

import importlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cdk_tensorflow_shared.build_key import build_key
from moto import mock_aws
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.sandbox import Sandbox
from tensorflow_optimizer.signatures.side_effects import effects
from tensorflow_optimizer.storage.s3 import Bucket
from tensorflow_optimizer.supervision import supervise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hostile_leaf import Script
    from tensorflow_optimizer.documents.outcome import Outcome
    from tensorflow_optimizer.sandbox import Leaf, Zygote

#: Members of documents that are measured, or follow from what is: they differ from run to run.
MEASURED = {
    "latencyMilliseconds", "latencyRatio", "latencyRatioInterval", "twoThreadsLatencyRatio",
    "twoThreadsLatencyRatioInterval", "loadMilliseconds", "peakMemoryMebibytes", "runs", "batch", "extra",
    "relativeTolerance", "created", "documents", "files",
}  # fmt: skip
#: Members that follow from what a native leaf says: by lying, it can get its model served by the slower runtime.
RUNTIME = {"runtime", "nativeRefusal", "requirements", "pictures"}
#: Endings of files made of the documents and files that are compared one by one, or of a claim's random name.
_DERIVED = ("/bom.cdx.json", "/provenance.json", "/layer.zip", "/SHA256SUMS", ".tar.gz")
_run = importlib.import_module("tensorflow_optimizer.pipeline.run")  # the package has a function of its name


@dataclass(frozen=True)
class Ended:
    """End of a job, and the objects in the bucket after it was published."""

    outcome: Outcome
    objects: dict[str, bytes]

    def published(self, without: Iterable[str] = ()) -> dict[str, Any]:
        """Return what deployments would get: the files of the version, and its documents without what is measured.

        Args:
            without: Further members of documents to leave out.
        """
        return {
            key: _without(content, {*MEASURED, *without})
            for key, content in self.objects.items()
            if key.split("/")[1] not in {"builds", "claims", "keys"} and not key.endswith(_DERIVED)
        }


#: Operations of the sample models that attack, and of no other.
OPERATIONS = ("Abort", "Assert", "MatchingFiles", "ReadFile", "WriteFile")


def allowing(data: dict[str, Any]) -> dict[str, Any]:
    """Return a job that allows those operations, without which it would refuse the model before anything opens it."""
    allowed = [operation for operation in OPERATIONS if operation in effects()]
    return {**data, "source": {**data["source"], "allowedOperations": allowed}}


@contextmanager
def hostile(scripts: dict[str, Script], zygote: Zygote | None = None) -> Iterator[list[str]]:
    """Let leaves of jobs play scripts.

    Args:
        scripts: By the task of the leaves, `room.module:function` below `tensorflow_optimizer`; with `#` and a number,
            of one of them only, in the order in which they start.
        zygote: That leaves are forks of; None: each job has its own.

    Yields:
        The tasks of all leaves, in the order in which they started.
    """
    started: list[str] = []

    class HostileSandbox(Sandbox):
        def __init__(self, directory: Path | None = None, **options: Any) -> None:
            super().__init__(directory, **({"zygote": zygote} | options if zygote else options))

        def leaf(self, task: str, **options: Any) -> Leaf:
            name = task.removeprefix("tensorflow_optimizer.")
            number = started.count(name)
            started.append(name)
            script = scripts.get(f"{name}#{number}", scripts.get(name))
            return super().leaf(replace(script, task=task).hostile_task if script else task, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_run, "Sandbox", HostileSandbox)
        yield started


def run_and_publish(
    place: Path, data: dict[str, Any], model: Path, evaluation: Path | None = None, name: str = "out"
) -> Ended:
    """Run a job as `optimize` and `publish` do, with the judge in this process.

    Args:
        place: A directory that other users can read.
        data: The job.
        model: The model.
        evaluation: The data.
        name: Of the output.
    """
    config, output = place / f"{name}.json", place / name
    config.write_text(json.dumps(data))
    outcome = supervise.supervise(config, model, evaluation, output)
    supervise.write_report_safely(output, Job.model_validate(data), outcome)
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(variable, "test")
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patched.setenv(variable, "eu-west-1")
        for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
            patched.delenv(variable, raising=False)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        target = Target(Bucket("models", s3), "digits", "b-1", build_key(data), "https://console.example/build")
        publish_build(target, Job.model_validate(data), output, None, lambda _: None)
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="models").get("Contents", [])]
        return Ended(outcome, {key: s3.get_object(Bucket="models", Key=key)["Body"].read() for key in keys})


def _without(content: bytes, names: set[str]) -> Any:
    try:
        document = json.loads(content)
    except ValueError:
        return content
    return _stripped(document, names)


def _stripped(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(member, names) for name, member in value.items() if name not in names}
    return [_stripped(member, names) for member in value] if isinstance(value, list) else value
