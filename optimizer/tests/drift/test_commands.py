"""The commands `drift` and `publish-drift`, as the monitor's build runs them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import boto3
import pytest
from jsonschema import Draft202012Validator
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.export_schemas import schema_file
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Requests = Callable[..., bytes]


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "160"})


def drift_of(*arguments: object) -> Any:
    result = invoke("drift", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "captured" / "shop" / "2026" / "11" / "27" / "10"
    path.mkdir(parents=True)
    return tmp_path / "captured"


def put(folder: Path, content: bytes, name: str = "part.gz") -> None:
    (folder / "shop" / "2026" / "11" / "27" / "10" / name).write_bytes(content)


def test_requests_like_the_evaluation_data_have_not_drifted(version: Path, folder: Path, requests: Requests) -> None:
    put(folder, requests(300))
    found = drift_of(version, folder)
    assert (found["verdict"], found["samples"], found["requests"], found["version"]) == ("noDrift", 300, 30, 3)
    assert found["firstRequest"] == found["lastRequest"] == "2026-11-27T10:00:00Z"
    Draft202012Validator(json.loads(schema_file("drift.schema.json").read_text())).validate(found)


def test_images_that_are_no_longer_divided_by_255_are_found_and_named(
    version: Path, folder: Path, requests: Requests
) -> None:
    put(folder, requests(300, scale=255.0))
    found = drift_of(version, folder)
    assert found["verdict"] == "drifted"
    assert {feature["name"] for feature in found["features"] if feature["drifted"]} >= {
        "input image mean",
        "input image deviation",
    }
    assert all("image" in feature["name"] for feature in found["features"] if feature["drifted"])
    table = invoke("drift", version, folder)
    assert table.exit_code == 0
    assert found["sentence"] in " ".join(table.stdout.split())


def test_a_narrow_terminal_shows_whole_names(version: Path, folder: Path, requests: Requests) -> None:
    put(folder, requests(300))
    arguments = ["drift", str(version), str(folder)]
    output = CliRunner().invoke(app, arguments, env={"COLUMNS": "60"}).output
    assert "PSI" in output
    assert "…" not in output


def test_a_few_requests_are_not_enough_and_it_says_what_was_left_out(
    version: Path, folder: Path, requests: Requests
) -> None:
    put(folder, requests(100, scale=255.0))
    put(folder, requests(300, model_version=2), "older.gz")
    put(folder, requests(300, signature_name="other"), "other.gz")
    put(folder, requests(300, answer={"predictions": [1, 2]}), "unfit.gz")
    put(folder, b"no request\n", "broken")
    found = drift_of(version, folder)
    assert (found["verdict"], found["samples"], found["features"]) == ("notEnough", 100, [])
    left_out = {name: found[name] for name in ("otherVersions", "otherSignatures", "unfit", "unreadable")}
    assert left_out == {"otherVersions": 30, "otherSignatures": 30, "unfit": 30, "unreadable": 1}
    assert "30 requests another version answered" in found["sentence"]


def test_a_profile_by_itself_takes_requests_to_every_version(version: Path, folder: Path, requests: Requests) -> None:
    put(folder, requests(150, model_version=1))
    put(folder, requests(150, seed=23, model_version=2), "newer.gz")
    found = drift_of(version / "profile.json", folder)
    assert (found["verdict"], found["samples"], found["version"]) == ("noDrift", 300, None)


def test_columns_and_direct_invocations_are_read_too(version: Path, folder: Path, requests: Requests) -> None:
    row = {"amounts": [1.0, 2.0, 3.0, 4.0], "image": [[0.5] * 12] * 12, "country": ["de"]}
    scores = [0.2] * 5
    columns = {name: [value, value] for name, value in row.items()}
    put(folder, requests(10, request={"inputs": columns}, answer={"outputs": [scores, scores]}))
    put(folder, requests(10, request={"data": row}, answer={"prediction": [scores]}), "direct.gz")
    named = requests(10, request={"inputs": columns}, answer={"outputs": {"scores": [scores, scores]}})
    put(folder, named, "named.gz")
    found = drift_of(version, folder)
    assert (found["requests"], found["samples"], found["unfit"]) == (3, 5, 0)


def test_the_page_shows_both_distributions_of_each_feature_and_escapes_texts(
    version: Path, folder: Path, requests: Requests, tmp_path: Path
) -> None:
    put(folder, requests(300, scale=255.0))
    found = drift_of(version, folder, "--output", tmp_path / "out")
    page = (tmp_path / "out" / "drift.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "drift.json").read_text()) == found
    charts = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    assert len(charts) == 1 + len(found["features"])
    assert page.index("<svg") < page.index("<table")
    assert all(chart.get("role") == "img" and chart[0].text and chart[1].text for chart in charts)
    identities = re.findall(r'\bid="([^"]+)"', page)
    assert len(identities) == len(set(identities))
    worst, name = found["features"][0], charts[1][0].text or ""
    assert name == f"{worst['name']}: share of samples by bin"
    assert f"{worst['bins'][0]}: {worst['expected'][0]:.1%}, now {worst['observed'][0]:.1%}." in (
        charts[1][1].text or ""
    )
    assert f"{worst['name']}: {worst['populationStabilityIndex']:.3f}, drifted." in (charts[0][1].text or "")
    assert "The requests have drifted" in page
    assert "<style>" in page
    assert "{%" not in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / "profile.json").write_text("{}"), "has the SHA-256"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "is not a manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "there is no"),
    ],
    ids=["another profile", "a broken manifest", "no manifest"],
)
def test_a_version_that_is_not_as_published_is_refused(
    version: Path, folder: Path, change: Callable[[Path], object], says: str
) -> None:
    change(version)
    result = invoke("drift", version, folder)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_version_without_evaluation_data_says_what_it_lacks(version: Path, folder: Path) -> None:
    manifest = json.loads((version / "manifest.json").read_text())
    (version / "manifest.json").write_text(json.dumps({**manifest, "documents": []}))
    result = invoke("drift", version, folder)
    assert result.exit_code == 2
    assert "has no profile.json" in result.stderr
    assert "give evaluation data" in result.stderr


def test_a_place_that_is_not_there_is_bad_input(version: Path, tmp_path: Path) -> None:
    assert invoke("drift", version, tmp_path / "nowhere").exit_code == 2
    assert invoke("drift", version, "s3://captured/shop").exit_code == 2


class TestInTheCloud:
    """The monitor's build."""

    @pytest.fixture
    def publish(self, cloud: Any, version: Path, requests: Requests, tmp_path: Path) -> Callable[..., Path]:
        for file in version.iterdir():
            cloud.put_object(Bucket="models", Key=f"shop-1a2b/litert/3/{file.name}", Body=file.read_bytes())

        def run(count: int, **fields: Any) -> Path:
            now = datetime.now(UTC)
            for time, name in ((now - timedelta(minutes=5), "new"), (now - timedelta(days=3), "old")):
                content = requests(count, time=f"{time:%Y-%m-%dT%H:%M:%SZ}", **fields)
                cloud.put_object(Bucket="captured", Key=f"shop/{time:%Y/%m/%d/%H}/{name}.gz", Body=content)
            out = tmp_path / "out"
            found = invoke("drift", "s3://models/shop-1a2b/litert/3", "s3://captured", "--hours", 24, "--output", out)
            assert found.exit_code == 0, found.output
            key = "shop-1a2b/litert/3/manifest.json"
            options = {"bucket": "captured", "manifest-key": key, "project": "Monitor", "run": "run-1"}
            done = invoke(
                "publish-drift",
                "--output",
                out,
                *(part for option in options.items() for part in (f"--{option[0]}", option[1])),
            )
            assert done.exit_code == 0, done.output
            return out

        return run

    def metrics(self) -> dict[str, float]:
        client = boto3.client("cloudwatch")
        found = client.list_metrics(Namespace="CdkTensorFlow")["Metrics"]
        for entry in found:
            assert {pair["Name"]: pair["Value"] for pair in entry["Dimensions"]} == {
                "ProjectName": "Monitor",
                "ModelName": "shop",
            }
        values = {}
        for entry in found:
            points = client.get_metric_statistics(
                Namespace="CdkTensorFlow",
                MetricName=entry["MetricName"],
                Dimensions=entry["Dimensions"],
                StartTime=datetime.now(UTC) - timedelta(hours=1),
                EndTime=datetime.now(UTC) + timedelta(hours=1),
                Period=7200,
                Statistics=["Maximum"],
            )["Datapoints"]
            values[entry["MetricName"]] = max(point["Maximum"] for point in points)
        return values

    def test_drift_is_metrics_a_report_and_an_event_of_the_documented_form(
        self, cloud: Any, events: list[dict[str, Any]], publish: Callable[..., Path]
    ) -> None:
        out = publish(300, scale=255.0)
        report = json.loads((out / "drift.json").read_text())
        assert report["samples"] == 300
        metrics = self.metrics()
        assert metrics["ComparedSamples"] == 300
        assert metrics["DriftedFeatures"] == len([feature for feature in report["features"] if feature["drifted"]]) > 0
        assert metrics["MaxPopulationStabilityIndex"] > 1
        assert 0 < metrics["MaxJensenShannonDivergence"] <= 1

        [event] = events
        assert (event["Source"], event["DetailType"]) == ("cdk-tensorflow", "ModelDrifted")
        detail = event["Detail"]
        Draft202012Validator(json.loads(schema_file("drift-event.schema.json").read_text())).validate(detail)
        assert (detail["modelName"], detail["modelVersion"], detail["bucket"]) == ("shop", 3, "captured")
        assert detail["message"] == report["sentence"]
        assert 0 < len(detail["features"]) <= 10
        stored = cloud.get_object(Bucket="captured", Key=detail["reportKey"])
        assert stored["ContentType"].startswith("text/html")
        assert stored["Body"].read() == (out / "drift.html").read_bytes()

    def test_without_drift_there_is_no_event_and_the_metric_is_zero(
        self, events: list[dict[str, Any]], publish: Callable[..., Path]
    ) -> None:
        publish(300)
        assert events == []
        assert self.metrics()["DriftedFeatures"] == 0

    def test_without_enough_samples_the_alarm_keeps_its_state(
        self, events: list[dict[str, Any]], publish: Callable[..., Path]
    ) -> None:
        publish(100, scale=255.0)
        assert events == []
        assert self.metrics() == {"ComparedSamples": 100}
