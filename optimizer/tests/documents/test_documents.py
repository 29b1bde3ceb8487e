from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from cdk_tensorflow_shared.build_key import build_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_jobs import job_data
from tensorflow_optimizer.documents.draft import describe, read_draft, to_manifest
from tensorflow_optimizer.documents.export_schemas import SCHEMA_DIRECTORY, schema_file, schema_texts
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.manifest import Draft, File, Manifest

if TYPE_CHECKING:
    from sample_jobs import Runs
    from sample_models import SampleModels

FIXTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "build_key.json").read_text(encoding="utf-8"))
FIXTURE = FIXTURES[0]


@pytest.mark.parametrize("name", sorted(schema_texts()))
def test_the_published_schemas_are_up_to_date(name: str) -> None:
    """Fail until `npm run schemas` has written the schemas again."""
    assert schema_file(name).read_text(encoding="utf-8") == schema_texts()[name]


def schema(name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((SCHEMA_DIRECTORY / f"{name}.schema.json").read_text(encoding="utf-8"))
    return document


def test_the_documents_of_a_job_fit_the_published_schemas(models: SampleModels, runs: Runs) -> None:
    result = runs(models.two_signatures, models.labelled)
    file = File(path="layer.zip", size=1, sha256="0" * 64)
    manifest = to_manifest(
        read_draft(result.output), version=3, files=[file], created="2026-11-24T00:00:00Z", build_id="b", build_key="k"
    )
    for name, document in (
        ("job", Job.model_validate(job_data())),
        ("outcome", result.outcome),
        ("manifest", manifest),
        ("model", describe(result.published, 3)),
    ):
        jsonschema.validate(document.to_data(), schema(name))


@pytest.mark.parametrize("fixture", FIXTURES)
def test_the_shared_jobs_fit_the_schema(fixture: dict[str, Any]) -> None:
    jsonschema.validate(fixture["job"], schema("job"))
    Job.model_validate(fixture["job"])


def test_a_manifest_is_a_draft_plus_the_facts_of_publishing() -> None:
    assert set(Manifest.model_fields) - set(Draft.model_fields) == {
        "version",
        "files",
        "documents",
        "created",
        "build_id",
        "golden_sha256",
    }


class TestBuildKey:
    @pytest.mark.parametrize("fixture", FIXTURES, ids=["every member", "inputs and outputs called location"])
    def test_it_is_the_custom_resources(self, fixture: dict[str, Any]) -> None:
        assert build_key(fixture["job"]) == fixture["key"]

    def test_locations_and_absent_members_do_not_matter(self) -> None:
        job = job_data(source={"location": {"bucket": "b", "key": "k"}, "revision": None}, labels=None)
        assert build_key(job) == build_key(job_data())

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 1},
            {"recipe": "none"},
            {"architecture": "arm64"},
            {"format": "saved_model"},
            {"labels": ["a"]},
            {"tasks": {"y": "binary"}},
            {"tasks": {"location": "binary"}},
            {"source": {"inputShapes": {"location": [1, 2]}}},
            {"source": {"identity": {"digest": "other"}}},
            {"source": {"tags": ["serve", "gpu"]}},
            {"source": {"stateful": "reset_per_request"}},
            {"gate": {"rules": [], "strict": True}},
        ],
    )
    def test_everything_that_can_change_the_output_matters(self, change: dict[str, object]) -> None:
        assert build_key(job_data(**change)) != build_key(job_data())

    # A machine that is busy draws slowly: how fast it draws is not what is tested here.
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.permutations(sorted(FIXTURE["job"])))
    def test_the_order_of_members_does_not_matter(self, names: list[str]) -> None:
        assert build_key({name: FIXTURE["job"][name] for name in names}) == FIXTURE["key"]
