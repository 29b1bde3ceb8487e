"""Composes provenance.json, which says how a published version was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.published_versions import is_object

from ..documents.job import BEHAVIOR_VERSION
from ..documents.provenance import (
    BuildDefinition,
    Builder,
    BuildMetadata,
    Provenance,
    ResourceDescriptor,
    RunDetails,
    Statement,
)
from ..sources.digest import file_digest

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..documents.manifest import File, ServerProgram
    from .materials import Material

_HOME = "https://github.com/cdk-tensorflow/cdk-tensorflow"
BUILD_TYPE = f"{_HOME}/blob/main/docs/security.md#provenance"
#: Identifies whoever runs the command line on a machine of their own.
LOCAL_BUILDER = f"{_HOME}/blob/main/docs/security.md#models-published-from-the-command-line"
#: Pins every package of the job by its hash.
_LOCK = Path(__file__).resolve().parents[3] / "requirements.txt"


def provenance(  # noqa: PLR0913 - facts of one version
    job: Job,
    *,
    files: list[File],
    server: ServerProgram | None,
    materials: list[Material],
    builder: str,
    invocation: str,
    build_key: str,
    created: str,
    report: list[ResourceDescriptor],
) -> Statement:
    """Return the statement about a published version.

    Args:
        job: What was asked for.
        files: The published files, including the bill of materials.
        server: The server's program that is published with them.
        materials: What the model was made from.
        builder: URI of the CodeBuild project; empty on another machine.
        invocation: The build's URL or id.
        build_key: Build key of the job.
        created: When the model was made, as in the manifest.
        report: Outcome and report of the build, with their digests: so a signature of the manifest covers them too.
    """
    parameters: dict[str, Any] = job.model_dump(mode="json", by_alias=True, exclude_none=True)
    toolchain = parameters.pop("toolchain")
    subject = [
        ResourceDescriptor(name=file.path, digest={"sha256": file.sha256}) for file in files if is_object(file.path)
    ]
    if server is not None:
        subject.append(ResourceDescriptor(name=server.key, digest={"sha256": server.sha256}))
    return Statement(
        subject=subject,
        predicate=Provenance(
            build_definition=BuildDefinition(
                build_type=BUILD_TYPE,
                external_parameters=parameters,
                internal_parameters={"buildKey": build_key, "toolchain": toolchain},
                resolved_dependencies=[*(_descriptor(material) for material in materials), *_lock()],
            ),
            run_details=RunDetails(
                builder=Builder(id=builder or LOCAL_BUILDER, version={"behavior": str(BEHAVIOR_VERSION)}),
                metadata=BuildMetadata(invocation_id=invocation, finished_on=created),
                byproducts=report,
            ),
        ),
    )


def builder_of(build_arn: str) -> str:
    """Return the ARN of the CodeBuild project that a build's ARN names; empty if it names none."""
    parts = build_arn.split(":")
    if len(parts) != 7 or not parts[5].startswith("build/"):
        return ""
    return ":".join([*parts[:5], f"project/{parts[5].removeprefix('build/')}"])


def _descriptor(material: Material) -> ResourceDescriptor:
    annotations = {"digestOf": material.digest_of, **({"version": material.version} if material.version else {})}
    return ResourceDescriptor(
        name=material.name,
        uri=material.uri,
        digest={"sha256": material.sha256} if material.sha256 else None,
        annotations=annotations,
    )


def _lock() -> list[ResourceDescriptor]:
    """Return the file that pins the job's packages, where the optimizer runs from its own directory."""
    if not _LOCK.is_file():
        return []
    return [ResourceDescriptor(name="optimizer/requirements.txt", digest={"sha256": file_digest(_LOCK)})]
