"""provenance.json: how a model was made, as an in-toto Statement v1 with SLSA's predicate Provenance v1.

The part of both formats that is written here. Tests validate it against the official protobuf definitions.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .document import Document
from .standard import StandardDocument

PROVENANCE_FILE = "provenance.json"


class ResourceDescriptor(Document):
    """A file, an object or a set of files, with its digest."""

    name: str | None = None
    uri: str | None = None
    digest: dict[str, str] | None = None
    annotations: dict[str, Any] | None = None


class BuildDefinition(Document):
    """Requested build, and the materials from which it was made."""

    build_type: str
    external_parameters: dict[str, Any]
    """The job, as its writer gave it."""
    internal_parameters: dict[str, Any]
    resolved_dependencies: list[ResourceDescriptor]


class Builder(Document):
    """Builder that ran the job."""

    id: str
    version: dict[str, str]


class BuildMetadata(Document):
    """Identity and end of the run."""

    invocation_id: str
    finished_on: str
    """RFC 3339, UTC."""


class RunDetails(Document):
    """Program and run that made a version."""

    builder: Builder
    metadata: BuildMetadata
    byproducts: list[ResourceDescriptor]


class Provenance(Document):
    """SLSA's predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(StandardDocument):
    """provenance.json."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field("https://in-toto.io/Statement/v1", alias="_type")
    subject: list[ResourceDescriptor]
    """The published files."""
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = "https://slsa.dev/provenance/v1"
    predicate: Provenance
