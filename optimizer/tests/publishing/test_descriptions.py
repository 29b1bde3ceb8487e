"""The bill of materials and the provenance of a published version: their content, and the official schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from publishing_samples import KEY, PREFIX, SAVED_MODEL, job_data, read, read_json, sha256
from tensorflow_optimizer.documents.job import BEHAVIOR_VERSION, Job, Packaging
from tensorflow_optimizer.documents.manifest import Manifest
from tensorflow_optimizer.fetching.fetched import Fetched, FetchedInput, FetchedObject, IdentityCheck
from tensorflow_optimizer.publishing.provenance import LOCAL_BUILDER, builder_of
from tensorflow_optimizer.publishing.publish import publish_build
from tensorflow_optimizer.publishing.target import Target
from tensorflow_optimizer.publishing.tools import tools_of
from tensorflow_optimizer.storage.checksums import write_checksums
from tensorflow_optimizer.storage.s3 import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record

    Release = Callable[..., Record | None]
    MakeOutput = Callable[..., Path]

FOLDER = f"{PREFIX}/litert/1/"
BUILDER = "arn:aws:codebuild:eu-west-1:111122223333:project/Optimizer"
WITH_DATA = job_data(
    evaluation={"packaging": "prefix", "identity": {"revision": "2026-11"}},
    recipe={
        "kind": "steps",
        "steps": [
            {
                "step": "distillation",
                "student": {"given": {"packaging": "file", "fileName": "s.keras", "identity": {"digest": "5" * 64}}},
            }
        ],
    },
)


def bom_of(s3: S3Client, folder: str = FOLDER) -> Any:
    return read_json(s3, f"{folder}bom.cdx.json")


def statement_of(s3: S3Client, folder: str = FOLDER) -> Any:
    return read_json(s3, f"{folder}provenance.json")


def component(bom: Any, ref: str) -> Any:
    return next(entry for entry in bom["components"] if entry["bom-ref"] == ref)


def fetched_input(key: str, *objects: str) -> FetchedInput:
    return FetchedInput(
        packaging=Packaging.ZIP,
        bucket="inputs",
        key=key,
        identity=IdentityCheck.CONTENT,
        digest="f" * 64,
        files=3,
        size=3,
        objects=[FetchedObject(key=key, version="v7", size=1, sha256=digest, checks=["size"]) for digest in objects],
    )


def publish_fetched(s3: S3Client, make_output: MakeOutput) -> None:
    """Publish what a build in the cloud made from objects of the bucket of inputs."""
    fetched = Fetched(
        source=fetched_input("model.zip", "1" * 64),
        evaluation=fetched_input("data/", "2" * 64, "3" * 64),
        students=(fetched_input("s.keras", "5" * 64),),
    )
    target = Target(Bucket("models", s3), PREFIX, "b-1", KEY, "https://console.example/build", BUILDER)
    publish_build(target, Job.model_validate(WITH_DATA), make_output(job=WITH_DATA), fetched, lambda _: None)


def test_the_official_schema_of_cyclonedx_accepts_the_bill_of_materials(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    release(make_output("one"))
    release(make_output("two", job=SAVED_MODEL), "b-2", key="b" * 64, job=SAVED_MODEL)

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for folder in (FOLDER, f"{PREFIX}/saved_model/2/"):
        assert validator.validate_str(read(s3, f"{folder}bom.cdx.json").decode()) is None
    broken = bom_of(s3) | {"components": [{"type": "model"}]}
    assert validator.validate_str(json.dumps(broken)) is not None


def test_the_schema_accepts_a_model_with_data_and_students(s3: S3Client, make_output: MakeOutput) -> None:
    publish_fetched(s3, make_output)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(read(s3, f"{FOLDER}bom.cdx.json").decode()) is None


def test_the_official_definitions_of_in_toto_and_slsa_accept_the_provenance(
    s3: S3Client, make_output: MakeOutput
) -> None:
    publish_fetched(s3, make_output)
    document = statement_of(s3)

    # Parsing fails on unknown and on mistyped members.
    statement = json_format.ParseDict(document, statement_pb2.Statement())
    predicate = json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())

    Statement.copy_from_pb(statement).validate()
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    assert predicate.build_definition.build_type
    assert predicate.run_details.builder.id == BUILDER
    assert predicate.run_details.metadata.finished_on.seconds > 0
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**document["predicate"], "builtBy": "me"}, provenance_pb2.Provenance())


def test_the_manifest_lists_both_documents_with_their_digests(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    release(make_output())

    manifest = Manifest.model_validate(read_json(s3, f"{FOLDER}manifest.json"))
    assert [(file.path, file.size, file.sha256) for file in manifest.documents] == [
        (name, len(content), sha256(content))
        for name in ("bom.cdx.json", "provenance.json")
        for content in [read(s3, FOLDER + name)]
    ]
    # Servers and instances read `files` alone.
    assert not {file.path for file in manifest.files} & {"bom.cdx.json", "provenance.json"}


@pytest.mark.parametrize("form", ["litert", "saved_model"])
def test_the_profile_of_real_data_is_published_beside_the_manifest_and_vouched_for(
    s3: S3Client, release: Release, make_output: MakeOutput, form: str
) -> None:
    job = job_data(format=form)
    output = make_output(job=job)
    (output / "profile.json").write_text('{"samples":600}')
    write_checksums(output)

    release(output, job=job)

    folder = f"{PREFIX}/{form}/1/"
    manifest = Manifest.model_validate(read_json(s3, f"{folder}manifest.json"))
    [listed] = [file for file in manifest.documents if file.path == "profile.json"]
    assert read(s3, f"{folder}profile.json") == b'{"samples":600}'
    assert (listed.size, listed.sha256) == (15, sha256(b'{"samples":600}'))
    subjects = read_json(s3, f"{folder}provenance.json")["subject"]
    assert [subject["digest"]["sha256"] for subject in subjects if subject["name"] == "profile.json"] == [listed.sha256]
    assert not [file for file in manifest.files if "profile" in file.path]


@pytest.mark.parametrize(("job", "lists", "paths"), [(job_data(), "files", 10), (SAVED_MODEL, "documents", 3)])
def test_the_api_is_described_with_golden_requests_as_examples(
    s3: S3Client, release: Release, make_output: MakeOutput, job: dict[str, Any], lists: str, paths: int
) -> None:
    image, scores = [[0.5] * 28] * 28, [0.1] * 10
    exchange = {"request": {"instances": [image]}, "response": {"predictions": [scores]}}
    output = make_output(job=job)
    (output / "golden.json").write_text(json.dumps({"requests": [exchange]}))
    write_checksums(output)
    release(output, job=job)

    folder = f"{PREFIX}/{job['format']}/1/"
    manifest = read_json(s3, f"{folder}manifest.json")
    content = read(s3, f"{folder}openapi.json")
    assert [file["sha256"] for file in manifest[lists] if file["path"] == "openapi.json"] == [sha256(content)]
    document = json.loads(content)
    assert (document["info"]["title"], document["info"]["version"]) == ("digits", "1")
    assert len(document["paths"]) == paths
    asked = document["paths"]["/v1/models/digits:predict"]["post"]["requestBody"]["content"]["application/json"]
    assert asked["examples"]["golden1"]["value"] == exchange["request"]


def test_a_version_without_its_bill_of_materials_is_not_complete(
    s3: S3Client, release: Release, make_output: MakeOutput
) -> None:
    release(make_output("one"))
    s3.delete_object(Bucket="models", Key=f"{FOLDER}bom.cdx.json")

    again = release(make_output("two"), "b-2")

    assert again is not None
    assert again.version == "2"


def test_the_provenance_is_about_every_published_file(s3: S3Client, release: Release, make_output: MakeOutput) -> None:
    release(make_output())

    subjects = {entry["name"]: entry["digest"]["sha256"] for entry in statement_of(s3)["subject"]}
    assert subjects == {
        name: sha256(read(s3, FOLDER + name))
        for name in ("layer.zip", "model.json", "model.tflite", "openapi.json", "SHA256SUMS", "bom.cdx.json")
    }


def test_the_provenance_names_job_inputs_builder_and_build(s3: S3Client, make_output: MakeOutput) -> None:
    publish_fetched(s3, make_output)

    definition, run = (statement_of(s3)["predicate"][name] for name in ("buildDefinition", "runDetails"))
    parameters = definition["externalParameters"]
    assert (parameters["model"], parameters["recipe"]["kind"]) == ("digits", "steps")
    assert "toolchain" not in parameters
    assert definition["internalParameters"] == {"buildKey": KEY, "toolchain": WITH_DATA["toolchain"]}
    inputs = {
        resolved_dependency["name"]: resolved_dependency for resolved_dependency in definition["resolvedDependencies"]
    }
    assert inputs["source"]["digest"] == {"sha256": "1" * 64}
    assert inputs["source"]["uri"] == "s3://inputs/model.zip"
    assert inputs["source"]["annotations"]["version"] == "v7"
    # Expect the digest of the list, since the input has several objects.
    assert inputs["evaluation"]["digest"] == {"sha256": "f" * 64}
    assert "sorted lines" in inputs["evaluation"]["annotations"]["digestOf"]
    assert inputs["student-0"]["digest"] == {"sha256": "5" * 64}
    assert set(inputs["optimizer/requirements.txt"]["digest"]) == {"sha256"}
    assert run["builder"] == {"id": BUILDER, "version": {"behavior": str(BEHAVIOR_VERSION)}}
    assert run["metadata"]["invocationId"] == "https://console.example/build"


def test_a_model_from_the_command_line_says_so(s3: S3Client, release: Release, make_output: MakeOutput) -> None:
    release(make_output())

    predicate = statement_of(s3)["predicate"]
    assert predicate["runDetails"]["builder"]["id"] == LOCAL_BUILDER
    source = predicate["buildDefinition"]["resolvedDependencies"][0]
    assert source["digest"] == {"sha256": "e" * 64}
    assert "uri" not in source


def test_the_bill_of_materials_has_model_source_data_and_figures(s3: S3Client, make_output: MakeOutput) -> None:
    publish_fetched(s3, make_output)

    bom = bom_of(s3)
    model = bom["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "digits", "1")
    parameters = model["modelCard"]["modelParameters"]
    assert parameters["task"] == "multiclass"
    assert parameters["inputs"] == [{"format": "image: float32 [-1, 28, 28]"}]
    assert parameters["datasets"] == [{"ref": "data:evaluation"}]
    figures = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert {"type": "accuracy", "value": "0.982", "slice": "output probabilities, gate split, 600 samples, labels"} in (
        figures
    )
    assert {"type": "sizeBytes", "value": "1000"} in figures
    (ancestor,) = model["pedigree"]["ancestors"]
    assert ancestor["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert {"type": "sizeBytes", "value": "2000"} in (
        ancestor["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    )
    assert component(bom, "data:evaluation")["hashes"] == [{"alg": "SHA-256", "content": "f" * 64}]
    student = component(bom, "student-0")
    assert (student["type"], student["hashes"]) == (
        "machine-learning-model",
        [{"alg": "SHA-256", "content": "5" * 64}],
    )
    tflite = sha256(read(s3, f"{FOLDER}model.tflite"))
    assert component(bom, "file:model.tflite")["hashes"] == [{"alg": "SHA-256", "content": tflite}]


def test_tools_have_versions_and_licences(s3: S3Client) -> None:
    from tensorflow_optimizer.processes.environment import versions

    tools = {tool.name: tool for tool in tools_of(versions())}

    assert set(tools) >= {"keras", "ai-edge-litert", "numpy"}
    assert "BSD-3-Clause" in (tools["numpy"].expression or "")
    assert all(tool.version != "absent" and (tool.expression or tool.license) for tool in tools.values())


def test_a_tool_of_another_version_has_no_licence() -> None:
    (tool,) = tools_of({"numpy": "1.0.0", "behavior": "8"})

    assert (tool.name, tool.version, tool.expression, tool.license) == ("numpy", "1.0.0", None, None)


@pytest.mark.parametrize(
    ("build", "project"),
    [
        ("arn:aws:codebuild:eu-west-1:111122223333:build/Optimizer:1-2-3", BUILDER),
        ("arn:aws-cn:codebuild:cn-north-1:1:build/P:x", "arn:aws-cn:codebuild:cn-north-1:1:project/P"),
        ("", ""),
        ("my laptop", ""),
    ],
)
def test_the_builder_is_the_project_of_the_build(build: str, project: str) -> None:
    assert builder_of(build) == project
