"""Composes bom.cdx.json, the bill of materials of a published version."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.published_versions import is_object

from ..documents.bill_of_materials import (
    BillOfMaterials,
    Component,
    ComponentData,
    DatasetReference,
    Dependency,
    Format,
    Hash,
    License,
    Metadata,
    ModelCard,
    ModelParameters,
    NamedLicense,
    Pedigree,
    Property,
    QuantitativeAnalysis,
    Tools,
)
from ..documents.job import BEHAVIOR_VERSION
from .performance import performance_of
from .tools import tools_of

if TYPE_CHECKING:
    from ..documents.manifest import Draft, File, Tensor
    from .materials import Material
    from .tools import Tool

#: Prefix of the names of our own properties.
_OWN = "cdk-tensorflow"
_OPTIMIZER = "tensorflow_optimizer"
#: Namespace of serial numbers, which must be the same for the same version.
_NAMESPACE = uuid.UUID("6b6b1f0e-3f5c-5d0b-9a43-0a5d2f6f1c11")


def bill_of_materials(  # noqa: PLR0913 - facts of one version
    draft: Draft, *, version: int, build_key: str, created: str, files: list[File], materials: list[Material]
) -> BillOfMaterials:
    """Return what a published version consists of, what it was made from and with, and what was measured.

    Args:
        draft: The draft of the version's manifest.
        version: Its number.
        build_key: Build key of its job.
        created: When it was made, as in the manifest.
        files: Its published files.
        materials: What it was made from; the first is the source.
    """
    source, *others = materials
    inputs = [_component_of_input(other) for other in others]
    tools = [_component_of_tool(tool) for tool in tools_of(draft.tools)]
    published = [_component_of_file(file) for file in files if is_object(file.path)]
    model = Component(
        type="machine-learning-model",
        bom_ref="model",
        name=draft.model,
        version=str(version),
        pedigree=Pedigree(ancestors=[_ancestor(draft, source)]),
        model_card=_card(draft, [entry.bom_ref for entry in inputs if entry.data]),
        properties=_properties(
            format=draft.format.value,
            architecture=draft.architecture.value,
            candidate=draft.candidate,
            sizeBytes=str(draft.size_bytes),
            unverified=str(draft.unverified).lower(),
            buildKey=build_key,
        ),
    )
    optimizer = Component(
        type="application", bom_ref="optimizer", name=_OPTIMIZER, version=f"behavior-{BEHAVIOR_VERSION}"
    )
    components = [*published, *inputs, *tools]
    return BillOfMaterials(
        serial_number=uuid.uuid5(_NAMESPACE, f"{build_key}/{draft.model}/{version}/{created}").urn,
        metadata=Metadata(timestamp=created, tools=Tools(components=[optimizer]), component=model),
        components=components,
        dependencies=[Dependency(ref=model.bom_ref, depends_on=[component.bom_ref for component in components])],
    )


def _card(draft: Draft, data: list[str]) -> ModelCard:
    signature = draft.signatures[draft.default_signature]
    tasks = sorted({output.task for output in draft.evaluation.outputs.values()}) if draft.evaluation else []
    return ModelCard(
        model_parameters=ModelParameters(
            task=", ".join(tasks) or None,
            datasets=[DatasetReference(ref=ref) for ref in data] or None,
            inputs=[_format(name, tensor) for name, tensor in sorted(signature.inputs.items())],
            outputs=[_format(name, tensor) for name, tensor in sorted(signature.outputs.items())],
        ),
        quantitative_analysis=QuantitativeAnalysis(performance_metrics=performance_of(draft.evaluation))
        if draft.evaluation
        else None,
    )


def _format(name: str, tensor: Tensor) -> Format:
    return Format(format=f"{name}: {tensor.dtype} {tensor.shape}")


def _ancestor(draft: Draft, source: Material) -> Component:
    """Return the model that the version was made from, with the figures that were measured on it."""
    original = draft.original
    return Component(
        type="machine-learning-model",
        bom_ref="source",
        name=source.name,
        version=source.version,
        hashes=_hashes(source),
        model_card=ModelCard(quantitative_analysis=QuantitativeAnalysis(performance_metrics=performance_of(original)))
        if original
        else None,
        properties=_properties(
            format=draft.source.format,
            digestOf=source.digest_of,
            uri=source.uri,
            tensorflowVersion=draft.source.tensorflow_version,
        ),
    )


def _component_of_file(file: File) -> Component:
    return Component(
        type="file",
        bom_ref=f"file:{file.path}",
        name=file.path,
        hashes=[Hash(content=file.sha256)],
        properties=_properties(sizeBytes=str(file.size)),
    )


def _component_of_input(material: Material) -> Component:
    """Return the evaluation data, or a student model."""
    return Component(
        type="machine-learning-model" if material.is_model else "data",
        bom_ref=material.name if material.is_model else f"data:{material.name}",
        name=material.name,
        version=material.version,
        scope="excluded",
        hashes=_hashes(material),
        data=None if material.is_model else [ComponentData(name=material.name)],
        properties=_properties(digestOf=material.digest_of, uri=material.uri),
    )


def _component_of_tool(tool: Tool) -> Component:
    purl = f"pkg:pypi/{tool.name}@{tool.version}"
    licenses = None
    if tool.expression:
        licenses = [License(expression=tool.expression)]
    elif tool.license:
        licenses = [License(license=NamedLicense(name=tool.license))]
    return Component(
        type="library",
        bom_ref=purl,
        name=tool.name,
        version=tool.version,
        scope="excluded",
        licenses=licenses,
        purl=purl,
    )


def _hashes(material: Material) -> list[Hash] | None:
    return [Hash(content=material.sha256)] if material.sha256 else None


def _properties(**values: str | None) -> list[Property]:
    return [Property(name=f"{_OWN}:{name}", value=value) for name, value in values.items() if value is not None]
