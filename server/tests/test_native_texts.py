"""Texts in the place of numbers: by each front of the native program, against what TensorFlow makes of them."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from native_programs import LIBRARY, built
from native_texts import NAME, build, description, expected, publish
from program import Server, start_fails
from stand_in_runtime_api import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PREDICT, INFER = f"/v1/models/{NAME}:predict", f"/v2/models/{NAME}/infer"
CONTEXT = {"requestContext": {"http": {"method": "POST"}}}
HEADER = "Inference-Header-Content-Length"
TEXTS = ["The cat, the DOG!", "", "größe 日本 unknown", "   ", "a b c d e f", "cat\u0000dog", "e\u0301 שלום \u2028 cat"]
BYTES = [b"nul\x00mid", b"\xff\xfe cat", b"ok\x80bad", b"\xed\xa0\x80", b"\xc0\x80\xf8", b"\x00"]


def command() -> list[str]:
    digest = hashlib.sha256(Path(LIBRARY).read_bytes()).hexdigest()
    return [str(built("model_server")), f"--litert_library={LIBRARY}", f"--litert_library_sha256={digest}"]


def flags(directory: Path) -> list[str]:
    return [f"--model_name={NAME}", f"--model_base_path={directory.parent}", f"--model_version={directory.name}"]


def start_function(directory: Path, **environment: str) -> Function:
    variables = {"MODEL_DIR": str(directory), "LITERT_LIBRARY": LIBRARY, **environment}
    return Function([built("bootstrap", "model_server")], variables)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def server(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(command(), tmp_path_factory.mktemp("server"), flags(directory)) as server:
        yield server


@pytest.fixture(scope="module")
def function(directory: Path) -> Iterator[Function]:
    with start_function(directory) as function:
        yield function


class Front:
    """The server, or the function."""

    def __init__(self, program: Server | Function) -> None:
        self._program = program

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        if isinstance(self._program, Server):
            response = self._program.post(path, body, headers=headers)
            return response.status_code, response.content
        encoded = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        value = self._program.invoke({**CONTEXT, "rawPath": path, "headers": headers or {}, **encoded}).value
        answer = value["body"]
        return value["statusCode"], base64.b64decode(answer) if value["isBase64Encoded"] else answer.encode()

    def get(self, path: str) -> Any:
        if isinstance(self._program, Server):
            return self._program.get(path).json()
        event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": path}
        return json.loads(self._program.invoke(event).value["body"])

    def predicted(self, body: Any) -> Any:
        status, answer = self.post(PREDICT, json.dumps(body).encode())
        assert status == 200, answer
        return json.loads(answer)

    def refused(self, path: str, body: Any, headers: dict[str, str] | None = None) -> str:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self.post(path, content, headers)
        assert status == 400, answer
        return str(json.loads(answer)["error"])


@pytest.fixture(params=["server", "function"])
def front(request: pytest.FixtureRequest) -> Front:
    return Front(request.getfixturevalue(request.param))


def encoded(texts: Sequence[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def b64(text: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(text).decode()}


def elements(texts: Sequence[bytes]) -> bytes:
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def test_every_form_of_a_predict_request_takes_texts(front: Front) -> None:
    answers = expected(encoded(TEXTS))
    assert front.predicted({"instances": TEXTS}) == {"predictions": answers}
    assert front.predicted({"instances": [{"text": text} for text in TEXTS]}) == {"predictions": answers}
    assert front.predicted({"inputs": TEXTS}) == {"outputs": answers}
    assert front.predicted({"inputs": {"text": TEXTS}, "signature_name": "serving_default"}) == {"outputs": answers}


def test_bytes_that_are_no_utf_8_come_as_base64(front: Front) -> None:
    rows = [b64(text) for text in BYTES]
    answers = expected(BYTES)
    assert front.predicted({"instances": rows})["predictions"] == answers
    assert front.predicted({"instances": [{"text": row} for row in rows]})["predictions"] == answers
    assert front.predicted({"inputs": {"text": [*rows, "cat"]}})["outputs"] == [*answers, *expected([b"cat"])]


def test_a_direct_invocation_takes_texts(function: Function) -> None:
    [answer] = expected([b"the cat"])
    assert function.invoke({"data": "the cat"}).value["prediction"] == [answer]
    assert function.invoke({"data": {"text": "the cat"}}).value["prediction"] == [answer]
    assert function.invoke({"data": b64(b"the cat")}).value["prediction"] == [answer]
    assert function.invoke({"instances": ["the cat"]}).value["predictions"] == [answer]


def infer(texts: Sequence[Any], **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [len(texts)], **more}]}


def test_the_inference_protocol_takes_bytes_as_json_and_in_binary_form(front: Front) -> None:
    status, answer = front.post(INFER, json.dumps(infer(TEXTS, data=TEXTS)).encode())
    assert status == 200, answer
    assert json.loads(answer)["outputs"][0]["data"] == [value for row in expected(encoded(TEXTS)) for value in row]
    both = [*encoded(TEXTS), *BYTES]
    binary = elements(both)
    document = json.dumps(infer(both, parameters={"binary_data_size": len(binary)})).encode()
    status, answer = front.post(INFER, document + binary, {HEADER: str(len(document))})
    assert status == 200, answer
    assert json.loads(answer)["outputs"][0]["data"] == [value for row in expected(both) for value in row]


def test_texts_of_a_batch_are_answered_as_alone(front: Front) -> None:
    together = front.predicted({"instances": TEXTS})["predictions"]
    assert together == [front.predicted({"instances": [text]})["predictions"][0] for text in TEXTS]


def test_texts_of_several_clients_are_answered_as_alone(server: Server) -> None:
    front = Front(server)
    answers = dict(zip(TEXTS, expected(encoded(TEXTS)), strict=True))

    def ask(text: str) -> bool:
        return bool(front.predicted({"instances": [text]})["predictions"] == [answers[text]])

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, TEXTS * 30))


def test_metadata_names_texts_as_tensorflow_serving_does(front: Front) -> None:
    signatures = front.get(f"/v1/models/{NAME}/metadata")["metadata"]["signature_def"]["signature_def"]
    tensor = signatures["serving_default"]["inputs"]["text"]
    assert tensor["dtype"] == "DT_STRING"
    assert [dimension["size"] for dimension in tensor["tensor_shape"]["dim"]] == ["-1"]
    shown = front.get(f"/v2/models/{NAME}")["inputs"]
    assert shown == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]


def test_what_is_no_text_is_refused_with_its_place(front: Front) -> None:
    for body, sentence in (
        ({"instances": ["a", 5]}, "instances[1]: 5 stands where a string belongs"),
        ({"instances": [["a"]]}, "instances[0]"),
        ({"instances": ["a", ["b", "c"]]}, "instances[1]"),
        ({"inputs": {"text": [["a", "b"], ["c"]]}}, "a string belongs"),
        ({"inputs": {"text": "a"}}, "text"),
        ({"instances": [{"b64": "?"}]}, "not valid base64"),
        ({"instances": [None]}, "null stands where a string belongs"),
        ({"instances": [{"text": "a", "more": "b"}]}, "more"),
    ):
        assert sentence in front.refused(PREDICT, body), body
    assert front.refused(PREDICT, b'{"instances": ["\\ud800"]}')
    assert front.refused(PREDICT, b'{"instances": ["\xff"]}')
    cut = elements([b"cat"])[:-1]
    document = json.dumps(infer(["cat"], parameters={"binary_data_size": len(cut)})).encode()
    assert "elements of BYTES" in front.refused(INFER, document + cut, {HEADER: str(len(document))})
    assert front.refused(INFER, infer(["cat"], shape=[2], data=["cat"]))
    assert front.refused(INFER, infer(["cat"], shape=[1, 1], data=[["cat"]]))
    assert front.refused(INFER, infer(["cat"], datatype="INT32", data=[1])) == (
        "input 'text' has the datatype 'INT32'; BYTES is expected"
    )


def test_a_text_of_a_megabyte_is_answered(front: Front) -> None:
    long = "the cat " * (1 << 17)
    wide = "x" * (1 << 20)
    answers = expected(encoded([long, wide]))
    assert front.predicted({"instances": [long, wide]})["predictions"] == answers


def test_texts_take_their_memory_from_the_budget(directory: Path, tmp_path: Path) -> None:
    with Server(command(), tmp_path, [*flags(directory), "--request_memory_in_mib=16"]) as server:
        response = server.post(PREDICT, {"instances": ["a " * (3 << 20)]})
        assert response.status_code == 413
        assert "bytes of memory" in response.json()["error"]
        answer = server.post(PREDICT, {"instances": ["the cat"]})
        assert answer.json() == {"predictions": expected([b"the cat"])}


def test_grpc_takes_strings(server: Server) -> None:
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    def message(values: Sequence[Any], **more: Any) -> Any:
        request = PredictRequest()
        request.model_spec.name = NAME
        request.inputs["text"].CopyFrom(tf.make_tensor_proto(values, **more))
        return request

    both = [*encoded(TEXTS), *BYTES]
    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        stub = PredictionServiceStub(channel)
        output = stub.Predict(message(both), timeout=60).outputs["y"]
        assert list(output.float_val) == [value for row in expected(both) for value in row]
        for values in ([1.0], [["a"]], [["a", "b"]]):
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(message(values), timeout=60)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, values
        more = message([b"a", b"b"])
        more.inputs["text"].tensor_shape.dim[0].size = 1 << 40
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(more, timeout=60)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        asked = GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = NAME
        found = SignatureDefMap()
        stub.GetModelMetadata(asked, timeout=60).metadata["signature_def"].Unpack(found)
        assert found.signature_def["serving_default"].inputs["text"].dtype == tf.string.as_datatype_enum


def test_the_inference_protocol_takes_bytes_over_grpc(server: Server) -> None:
    import grpc
    from inference_messages import ModelInferRequest, ModelInferResponse

    both = [*encoded(TEXTS), *BYTES]

    def request(*, raw: bytes | None = None) -> Any:
        message = ModelInferRequest(model_name=NAME)
        tensor = message.inputs.add(name="text", datatype="BYTES", shape=[len(both)])
        if raw is None:
            tensor.contents.bytes_contents.extend(both)
        else:
            message.raw_input_contents.append(raw)
        return message

    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=ModelInferRequest.SerializeToString,
            response_deserializer=ModelInferResponse.FromString,
        )
        answers = [call(request(raw=raw), timeout=60).raw_output_contents[0] for raw in (None, elements(both))]
        assert answers[0] == answers[1]
        assert list(memoryview(answers[0]).cast("f")) == [value for row in expected(both) for value in row]
        for raw in (elements(both)[:-1], elements(both[1:]), elements([*both, b""]), b""):
            with pytest.raises(grpc.RpcError) as caught:
                call(request(raw=raw), timeout=60)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def apply(part: dict[str, Any]) -> dict[str, Any]:
        change(part)
        return part

    return apply


def step(part: dict[str, Any], number: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = part["signatures"]["serving_default"]["steps"]
    return steps[number]


HUGE = {"name": "text", "dtype": "string", "shape": [1 << 62, 1 << 62, 0]}
DEEP = b'{"schemaVersion":1,"tables":[],"signatures":{"s":{"constants":[{"values":' + b"[" * 100_000
DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no JSON": (lambda _: b'{"schemaVersion": 1,', "EOF"),
    "deep": (lambda _: DEEP, "recursion"),
    "a later step": (changed(lambda part: step(part, 0).update(inputs=[6])), "it takes a value that is not there yet"),
    "itself": (changed(lambda part: step(part, 0).update(inputs=[5])), "it takes a value that is not there yet"),
    "a step is missing": (
        changed(lambda part: part["signatures"]["serving_default"]["steps"].pop(2)),
        "that is not there yet",
    ),
    "unknown step": (changed(lambda part: step(part, 0).update(operation="ReadFile")), "this program does not have it"),
    "no table": (changed(lambda part: part.update(tables=[])), "the table 0 is not there"),
    "table elsewhere": (changed(lambda part: part["tables"][0].update(file="../text-0.table")), "is not beside"),
    "table of others": (changed(lambda part: part["tables"][0].update(entries=1 << 63)), "entries"),
    "huge input": (changed(lambda part: part["signatures"]["serving_default"].update(inputs=[HUGE])), "too large"),
    "fed twice": (
        changed(lambda part: part["signatures"]["serving_default"]["fed"].append({"input": "ids", "value": 14})),
        "'fed' has no value for 'ids', or two",
    ),
    "fed with nothing": (
        changed(lambda part: part["signatures"]["serving_default"]["fed"][0].update(value=1 << 40)),
        "'fed' has no value for 'ids', or two",
    ),
}


@pytest.fixture
def copied(directory: Path, tmp_path: Path) -> Path:
    copy = tmp_path / NAME / "1"
    copy.mkdir(parents=True)
    for file in directory.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def check_refused(directory: Path, sentence: str) -> None:
    """Both programs end with a sentence, and without a panic."""
    printed = start_fails(command(), flags(directory))
    assert sentence in printed
    assert "panicked" not in printed
    with start_function(directory) as function:
        assert sentence in function.next_post().value["errorMessage"]
        assert "panicked" not in function.printed()


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_description_is_refused_at_start(copied: Path, name: str) -> None:
    damage, sentence = DAMAGE[name]
    model = json.loads((copied / "model.json").read_text())
    table = (copied / "text-0.table").read_bytes()
    publish(copied, model, damage(description(table)), table)
    check_refused(copied, sentence)


@pytest.mark.parametrize(
    ("start", "put", "sentence"),
    [
        (0, b"CDKTFTAC", "it is no table"),
        (8, b"\x02\0\0\0", "it has version 2"),
        (16, b"\xff" * 8, "entries"),
        (24, (1 << 33).to_bytes(8, "little"), "slots"),
        (32, b"\xff" * 8, "too large for this machine"),
        (40, b"\x08", "bytes of strings where whole numbers are"),
        (48, b"\x01", "its header has more than this program reads"),
    ],
)
def test_a_damaged_table_is_refused_at_start(copied: Path, start: int, put: bytes, sentence: str) -> None:
    table = bytearray((copied / "text-0.table").read_bytes())
    table[start : start + len(put)] = put
    model = json.loads((copied / "model.json").read_text())
    publish(copied, model, description(bytes(table)), bytes(table))
    check_refused(copied, sentence)


def test_files_that_are_others_or_missing_are_refused_at_start(copied: Path) -> None:
    content = (copied / "text-0.table").read_bytes()
    (copied / "text-0.table").write_bytes(content[:-8] + b"\1" * 8)
    check_refused(copied, "table 'text-0.table': it has the SHA-256")
    (copied / "text-0.table").unlink()
    check_refused(copied, "table 'text-0.table': No such file")
    (copied / "text.json").write_text("{}")
    check_refused(copied, "text.json: it has the SHA-256")
