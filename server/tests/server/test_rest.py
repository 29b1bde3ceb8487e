from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from server_models import REASON

if TYPE_CHECKING:
    from pathlib import Path

    from program import Server


def test_rows_and_columns_as_tensorflow_serving_has_them(all_models: Server) -> None:
    rows = all_models.post("/v1/models/times:predict", {"instances": [[1, 2, 3], [4, 5, 6.5]]})
    assert (rows.status_code, rows.headers["Content-Type"]) == (200, "application/json")
    assert rows.json() == {"predictions": [[3.0, 6.0, 9.0], [12.0, 15.0, 19.5]]}
    columns = all_models.post("/v1/models/times:predict", {"inputs": {"x": [[1, 2, 3]]}, "signature_name": "total"})
    assert columns.json() == {"outputs": {"sum": [6.0], "x2": [[2.0, 4.0, 6.0]]}}


@pytest.mark.parametrize(
    ("part", "factor"),
    [("", 3.0), ("/versions/1", 2.0), ("/versions/2", 3.0), ("/labels/stable", 2.0), ("/labels/canary", 3.0)],
)
def test_a_version_is_chosen_by_number_or_label_and_defaults_to_the_newest(
    all_models: Server, part: str, factor: float
) -> None:
    answer = all_models.post(f"/v1/models/times{part}:predict", {"instances": [[1, 1, 1]]})
    assert answer.json() == {"predictions": [[factor] * 3]}
    metadata = all_models.get(f"/v1/models/times{part}/metadata").json()
    assert metadata["model_spec"] == {"name": "times", "signature_name": "", "version": str(int(factor - 1))}


def test_status_lists_the_requested_versions(all_models: Server) -> None:
    def versions(path: str) -> list[str]:
        found = all_models.get(f"/v1/models/times{path}").json()["model_version_status"]
        assert all(version["state"] == "AVAILABLE" and version["status"]["error_code"] == "OK" for version in found)
        return [version["version"] for version in found]

    assert (versions(""), versions("/versions/1"), versions("/labels/canary")) == (["2", "1"], ["1"], ["2"])


def test_metadata_has_the_signatures(all_models: Server) -> None:
    signatures = all_models.get("/v1/models/times/metadata").json()["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "total"}
    assert signatures["serving_default"]["inputs"]["x"]["dtype"] == "DT_FLOAT"
    sizes = [dimension["size"] for dimension in signatures["serving_default"]["inputs"]["x"]["tensor_shape"]["dim"]]
    assert sizes == ["-1", "3"]


def test_metadata_says_why_rows_are_computed_one_by_one(all_models: Server) -> None:
    found = all_models.get("/v1/models/lookup/metadata").json()["metadata"]
    assert found["batch"] == {"serving_default": {"rows": 1, "reason": REASON}}
    assert set(found["signature_def"]["signature_def"]) == {"serving_default"}
    assert "batch" not in all_models.get("/v1/models/times/metadata").json()["metadata"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models/nope", 404),
        ("POST", "/v1/models/nope:predict", 404),
        ("GET", "/v1/models/times/versions/9", 404),
        ("GET", "/v1/models/times/versions/99999999999999999999", 404),
        ("POST", "/v1/models/times/versions/9:predict", 404),
        ("GET", "/v1/models/times/labels/nope", 400),
        ("POST", "/v1/models/times:classify", 400),
        ("POST", "/v1/models/times:regress", 400),
        ("POST", "/v1/models/times:explain", 404),
        ("GET", "/v1/models/times:predict", 405),
        ("POST", "/v1/models/times/metadata", 405),
        ("DELETE", "/v1/models/times:predict", 405),
        ("GET", "/v1/models/", 404),
        ("GET", "/", 404),
        ("POST", "/readyz", 405),
    ],
)
def test_unknown_names_are_refused_with_a_sentence(all_models: Server, method: str, path: str, status: int) -> None:
    import requests

    answer = requests.request(method, all_models.url + path, data=b"{}", timeout=60)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'{"instances": []}',
        b'{"instances": [[1, 2]]}',
        b'{"instances": [["a", "b", "c"]]}',
        b'{"instances": [[1, 2, 3]], "signature_name": "nope"}',
        b'{"inputs": {"z": [[1, 2, 3]]}}',
        b"\xff\xfe",
        b'{"instances": ' + b"[" * 100_000,
    ],
)
def test_a_wrong_body_is_the_clients_fault(all_models: Server, body: bytes) -> None:
    answer = all_models.post("/v1/models/times:predict", body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_values_that_an_operator_refuses_are_the_clients_fault_and_the_next_are_answered(all_models: Server) -> None:
    assert all_models.post("/v1/models/lookup:predict", {"instances": [99]}).status_code == 400
    assert all_models.post("/v1/models/lookup:predict", {"instances": [4]}).json() == {"predictions": [[8.0, 9.0]]}


def test_real_values_of_a_quantized_model(all_models: Server, models: Path) -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (5, 8)).astype("float32")
    answer = all_models.post("/v1/models/int8:predict", {"instances": rows.tolist()})
    expected = rows @ np.load(models / "int8" / "weights.npy")
    assert np.allclose(answer.json()["predictions"], expected, atol=0.15)


def test_gzip_is_unpacked_and_another_encoding_is_refused(all_models: Server) -> None:
    body = json.dumps({"instances": [[1, 2, 3]]}).encode()
    path, encoding = "/v1/models/times:predict", "Content-Encoding"
    zipped = all_models.post(path, gzip.compress(body), headers={encoding: "gzip"})
    assert zipped.json() == {"predictions": [[3.0, 6.0, 9.0]]}
    assert all_models.post(path, gzip.compress(body), headers={encoding: "GZIP"}).status_code == 200
    assert all_models.post(path, body, headers={encoding: "gzip"}).status_code == 400
    assert all_models.post(path, body, headers={encoding: "br"}).status_code == 400


def test_a_percent_encoded_path_is_decoded(all_models: Server) -> None:
    assert all_models.get("/v1/models/t%69mes").status_code == 200


def test_liveness_and_readiness(all_models: Server) -> None:
    assert (all_models.get("/livez").status_code, all_models.get("/readyz").status_code) == (200, 200)


def test_a_path_is_decoded_once(all_models: Server) -> None:
    assert all_models.get("/v1/models/times/%6detadata").status_code == 200
    assert all_models.get("/v1/models/times/%256detadata").status_code == 404
