"""bom.cdx.json: a published model's bill of materials, as CycloneDX 1.6 (an ML-BOM).

The part of CycloneDX that is written here. Tests validate it against the official schema.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .document import Document
from .standard import StandardDocument

BOM_FILE = "bom.cdx.json"


class Hash(Document):
    """A digest of a component."""

    alg: Literal["SHA-256"] = "SHA-256"
    content: str


class Property(Document):
    """A fact that CycloneDX has no member for."""

    name: str
    value: str


class NamedLicense(Document):
    """A licence in its owner's words."""

    name: str


class License(Document):
    """Either an SPDX expression or a name."""

    expression: str | None = None
    license: NamedLicense | None = None


class Format(Document):
    """An input or output of the model."""

    format: str


class DatasetReference(Document):
    """Data that is a component of this document."""

    ref: str


class ConfidenceInterval(Document):
    """Bounds of a figure."""

    lower_bound: str
    upper_bound: str


class PerformanceMetric(Document):
    """A figure that was measured on the model."""

    type: str
    value: str
    slice: str | None = None
    confidence_interval: ConfidenceInterval | None = None


class QuantitativeAnalysis(Document):
    """Measured values of the model."""

    performance_metrics: list[PerformanceMetric]


class ModelParameters(Document):
    """The model's task, data, inputs and outputs."""

    task: str | None = None
    datasets: list[DatasetReference] | None = None
    inputs: list[Format] | None = None
    outputs: list[Format] | None = None


class ModelCard(Document):
    """Facts about a model."""

    model_parameters: ModelParameters | None = None
    quantitative_analysis: QuantitativeAnalysis | None = None


class ComponentData(Document):
    """Description of a component of the type `data`."""

    type: Literal["dataset"] = "dataset"
    name: str


class Pedigree(Document):
    """Components from which a component was made."""

    ancestors: list[Component]


class Component(Document):
    """A model, a file, data, or a tool."""

    type: Literal["machine-learning-model", "data", "file", "library", "application"]
    bom_ref: str = Field(alias="bom-ref")
    name: str
    version: str | None = None
    description: str | None = None
    scope: Literal["required", "excluded"] | None = None
    """`excluded`: used to make the model, and not part of it."""
    hashes: list[Hash] | None = None
    licenses: list[License] | None = None
    purl: str | None = None
    pedigree: Pedigree | None = None
    model_card: ModelCard | None = None
    data: list[ComponentData] | None = None
    properties: list[Property] | None = None


class Tools(Document):
    """Programs that wrote the document."""

    components: list[Component]


class Metadata(Document):
    """Time and tools of the document, and the model that it describes."""

    timestamp: str
    tools: Tools
    component: Component


class Dependency(Document):
    """Components that a component needs, or was made with."""

    ref: str
    depends_on: list[str]


class BillOfMaterials(StandardDocument):
    """bom.cdx.json."""

    bom_format: Literal["CycloneDX"] = "CycloneDX"
    spec_version: Literal["1.6"] = "1.6"
    serial_number: str
    version: Literal[1] = 1
    metadata: Metadata
    components: list[Component]
    dependencies: list[Dependency]
