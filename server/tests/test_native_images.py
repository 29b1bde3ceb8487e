"""Images in the place of numbers: by each front of the native program, against what TensorFlow makes of them."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from handler_models import convert, write
from native_programs import LIBRARY, built
from png_files import black, bomb, chunk
from program import Server
from server_models import checksums
from stand_in_runtime_api import Function
from tensorflow_optimizer.documents.captured_request import CapturedRequest
from test_native_process import LATE, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

IMAGES = Path(__file__).parent / "images"
NAMES = ("rgb.png", "420.jpg", "gray.png")
HEIGHT, WIDTH = 30, 37
SCALE, OFFSET = [0.5, 0.25, 2.0], [-1.0, 0.0, 3.0]
IMAGE = {"method": "bilinear", "antialias": False, "channelOrder": "BGR", "scale": SCALE, "offset": OFFSET}
PREDICT, INFER = "/v1/models/images:predict", "/v2/models/images/infer"
CONTEXT = {"requestContext": {"http": {"method": "POST"}}}
HEADER = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a model that answers the mean of each channel, and the sum of each row of pixels."""
    import tensorflow as tf

    root = tmp_path_factory.mktemp("images")
    spec = tf.TensorSpec([1, HEIGHT, WIDTH, 3], tf.float32, name="image")

    def means(image: Any) -> dict[str, Any]:
        return {"mean": tf.reduce_mean(image, axis=[1, 2])}

    file = convert(root / "saved", {"serving_default": tf.function(means, input_signature=[spec])})
    directory = root / "images" / "3"
    directory.mkdir(parents=True)
    write(directory, file, model="images")
    description = json.loads((directory / "model.json").read_text())
    description["signatures"]["serving_default"]["inputs"]["image"]["image"] = IMAGE
    (directory / "model.json").write_text(json.dumps(description))
    checksums(directory)
    return directory


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    """Give what the model answers of each image, by TensorFlow's pixels."""
    values = (IMAGES / "references.bin").read_bytes()
    found = {}
    for reference in json.loads((IMAGES / "references.json").read_text()):
        if reference["image"] in NAMES and reference["channels"] == 3:
            pixels = np.frombuffer(values, np.uint8, reference["bytes"], reference["at"]).reshape(-1, 3)
            found[reference["image"]] = pixels[:, ::-1].mean(axis=0) * SCALE + OFFSET
    return found


def start_server(directory: Path, work: Path, *flags: str) -> Server:
    digest = hashlib.sha256(Path(LIBRARY).read_bytes()).hexdigest()
    command = [str(built("model_server")), f"--litert_library={LIBRARY}", f"--litert_library_sha256={digest}"]
    model = ["--model_name=images", f"--model_base_path={directory.parent}", "--model_version=3"]
    return Server(command, work, [*model, *flags])


@pytest.fixture(scope="module")
def server(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(directory, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def function(directory: Path) -> Iterator[Function]:
    with start_function(directory) as function:
        yield function


def start_function(directory: Path, **environment: str) -> Function:
    variables = {"MODEL_DIR": str(directory), "LITERT_LIBRARY": LIBRARY, **environment}
    return Function([built("bootstrap", "model_server")], variables)


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

    def predicted(self, body: Any) -> Any:
        status, answer = self.post(PREDICT, json.dumps(body).encode())
        assert status == 200, answer
        return json.loads(answer)

    def refused(self, path: str, body: Any, headers: dict[str, str] | None = None) -> str:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self.post(path, text, headers)
        assert status == 400, answer
        return str(json.loads(answer)["error"])


@pytest.fixture(params=["server", "function"])
def front(request: pytest.FixtureRequest) -> Front:
    return Front(request.getfixturevalue(request.param))


def read(name: str) -> bytes:
    return (IMAGES / name).read_bytes()


def text(name: str) -> str:
    return base64.b64encode(read(name)).decode()


def b64(name: str) -> dict[str, str]:
    return {"b64": text(name)}


def check(rows: Any, expected: dict[str, np.ndarray], names: Sequence[str] = NAMES) -> None:
    """Compare means: those of a JPEG within half a step of each channel."""
    assert len(rows) == len(names)
    for row, name in zip(rows, names, strict=True):
        bound = np.multiply(SCALE, 0.5) if name.endswith(".jpg") else 1e-3
        assert (np.abs(np.asarray(row) - expected[name]) <= bound).all(), name


def test_a_predict_request_has_an_image_in_the_place_of_a_rows_numbers(
    front: Front, expected: dict[str, np.ndarray]
) -> None:
    rows = [b64(name) for name in NAMES]
    check(front.predicted({"instances": rows})["predictions"], expected)
    check(front.predicted({"instances": [{"image": row} for row in rows]})["predictions"], expected)
    check(front.predicted({"inputs": rows})["outputs"], expected)
    check(front.predicted({"inputs": {"image": rows}, "signature_name": "serving_default"})["outputs"], expected)


def test_numbers_are_taken_as_before_and_beside_images(front: Front, expected: dict[str, np.ndarray]) -> None:
    numbers = np.full((HEIGHT, WIDTH, 3), 2.5).tolist()
    assert front.predicted({"instances": [numbers]}) == {"predictions": [[2.5, 2.5, 2.5]]}
    first, second, third = front.predicted({"instances": [b64(NAMES[0]), numbers, b64(NAMES[1])]})["predictions"]
    check([first, third], expected, NAMES[:2])
    assert second == [2.5, 2.5, 2.5]


def test_a_body_may_be_the_image_itself(front: Front, expected: dict[str, np.ndarray]) -> None:
    for name, kind in (("rgb.png", "image/png"), ("420.jpg", "image/jpeg"), ("420.jpg", "Image/JPEG")):
        status, answer = front.post(PREDICT, read(name), {"Content-Type": kind})
        assert status == 200, answer
        check(json.loads(answer)["predictions"], expected, [name])
    assert front.refused(PREDICT, read("image.webp"), {"Content-Type": "image/webp"}) == (
        "input 'image', image 0 (the first is 0): this is a WebP; a JPEG or a PNG is needed"
    )


def test_a_body_that_is_an_image_needs_its_bytes(function: Function) -> None:
    event = {**CONTEXT, "rawPath": PREDICT, "headers": {"content-type": "image/png"}, "body": "\ufffdPNG"}
    value = function.invoke(event).value
    assert value["statusCode"] == 400
    assert "binaryMediaTypes" in json.loads(value["body"])["error"]


def test_a_direct_invocation_takes_images(function: Function, expected: dict[str, np.ndarray]) -> None:
    check([function.invoke({"data": b64("rgb.png")}).value["prediction"][0]], expected, ["rgb.png"])
    check(function.invoke({"instances": [b64("rgb.png")]}).value["predictions"], expected, ["rgb.png"])


def infer(names: Sequence[str], **more: Any) -> dict[str, Any]:
    shape = {"name": "image", "datatype": "BYTES", "shape": [len(names)]}
    return {"inputs": [{**shape, **more}]}


def elements(names: Sequence[str]) -> bytes:
    return b"".join(len(read(name)).to_bytes(4, "little") + read(name) for name in names)


def test_the_inference_protocol_takes_bytes_as_json_and_in_binary_form(
    front: Front, expected: dict[str, np.ndarray]
) -> None:
    texts = [text(name) for name in NAMES]
    status, answer = front.post(INFER, json.dumps(infer(NAMES, data=texts)).encode())
    assert status == 200, answer
    check(np.reshape(json.loads(answer)["outputs"][0]["data"], [-1, 3]), expected)
    nested = infer(NAMES, shape=[len(NAMES), 1], data=[[name] for name in texts])
    assert front.post(INFER, json.dumps(nested).encode()) == (200, answer)
    binary = elements(NAMES)
    document = json.dumps(infer(NAMES, parameters={"binary_data_size": len(binary)})).encode()
    assert front.post(INFER, document + binary, {HEADER: str(len(document))}) == (200, answer)


def test_what_is_wrong_with_an_image_is_said_of_its_row(front: Front) -> None:
    image = "input 'image', image 1 (the first is 0): "
    for name, problem in (
        ("image.gif", "this is a GIF; a JPEG or a PNG is needed"),
        ("cmyk.jpg", "the JPEG has 4 channels, as CMYK; gray and RGB are decoded, so save it as RGB"),
    ):
        assert front.refused(PREDICT, {"instances": [b64("rgb.png"), b64(name)]}) == image + problem
        assert front.refused(INFER, infer(["rgb.png", name], data=[text("rgb.png"), text(name)])) == image + problem
    cut = base64.b64encode(read("420.jpg")[:-2]).decode()
    message = front.refused(PREDICT, {"instances": [b64("rgb.png"), {"b64": cut}]})
    assert message == image + "the JPEG is damaged or not complete: it has no end"
    message = front.refused(PREDICT, {"instances": [b64("rgb.png"), {"b64": "data:image/png;base64,"}]})
    assert message.startswith("instances[1]: bytes that are not valid base64 stand where a JPEG or PNG belongs;")
    message = front.refused(PREDICT, {"instances": [{"image": {"b64": "AAAA"}}]})
    assert message.startswith('instances[0]["image"]: too few bytes for an image stand where a JPEG or PNG belongs;')
    message = front.refused(INFER, infer(["rgb.png"], shape=[1, 2], data=[text("rgb.png")]))
    assert message == "input 'image' has the shape [1, 2]; [n] or [n, 1] is expected for images"
    message = front.refused(INFER, infer(["rgb.png"], datatype="INT8", data=[1]))
    assert message == "input 'image' has the datatype 'INT8'; FP32 is expected, or BYTES of images"
    binary = elements(["rgb.png"])[:-1]
    document = json.dumps(infer(["rgb.png"], parameters={"binary_data_size": len(binary)})).encode()
    assert "a length of BYTES is more than what follows it" in front.refused(
        INFER, document + binary, {HEADER: str(len(document))}
    )


def test_the_gamma_of_a_file_is_ignored(server: Server, expected: dict[str, np.ndarray]) -> None:
    data = read("rgb.png")
    body = data[:33] + chunk(b"gAMA", (100_000).to_bytes(4, "big")) + data[33:]
    status, answer = Front(server).post(PREDICT, body, {"Content-Type": "image/png"})
    assert status == 200, answer
    check(json.loads(answer)["predictions"], expected, ["rgb.png"])


def test_a_decompression_bomb_allocates_nothing(front: Front) -> None:
    message = front.refused(PREDICT, bomb(30_000, 30_000), {"Content-Type": "image/png"})
    assert "the image has 30000 x 30000 pixels; at most 33554432 are allowed" in message


def test_a_header_of_more_pixels_than_its_file_can_hold_is_refused(front: Front) -> None:
    message = front.refused(PREDICT, bomb(5000, 5000), {"Content-Type": "image/png"})
    assert message.endswith("bytes, which hold no 5000 x 5000 pixels")


def test_an_image_takes_its_memory_from_the_budget_by_its_header(directory: Path, tmp_path: Path) -> None:
    with start_server(directory, tmp_path, "--request_memory_in_mib=32") as server:
        # 5000 x 5000 pixels of four bytes, all of them there.
        response = server.post(PREDICT, black(5000), headers={"Content-Type": "image/png"})
        assert response.status_code == 413
        assert "bytes of memory, of which this server has 33554432" in response.json()["error"]
        response = server.post(PREDICT, black(2000), headers={"Content-Type": "image/png"})
        assert response.status_code == 200, response.content
        assert response.json() == {"predictions": [OFFSET]}
        rows = [b64("rgb.png")] * 3
        assert server.post(PREDICT, {"instances": rows}).status_code == 200


def test_a_function_refuses_images_that_its_memory_cannot_hold(directory: Path) -> None:
    with start_function(directory, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="128") as function:
        status, answer = Front(function).post(PREDICT, black(5000), {"Content-Type": "image/png"})
        assert status == 413
        assert "of which this function has 67108864 for them" in json.loads(answer)["error"]


def test_what_was_sent_is_captured(directory: Path, expected: dict[str, np.ndarray]) -> None:
    with start_function(directory, CAPTURE_RATE="1") as function:
        front = Front(function)
        front.post(PREDICT, read("420.jpg"), {"Content-Type": "image/jpeg"})
        found = CapturedRequest.model_validate(lines(function, 2)[1])
        assert found.request == {"instances": [b64("420.jpg")]}
        check(found.answer["predictions"], expected, ["420.jpg"])
        front.post(INFER, json.dumps(infer(NAMES, data=[text(name) for name in NAMES])).encode())
        found = CapturedRequest.model_validate(lines(function, 3)[2])
        inputs = {"image": [b64(name) for name in NAMES]}
        assert found.request == {"signature_name": "serving_default", "inputs": inputs}
        # Ask again, as replay does.
        assert front.predicted(found.request) == found.answer


def test_a_function_answers_before_its_deadline_where_no_image_could_be_decoded_in_time(directory: Path) -> None:
    with start_function(directory) as function:
        event = {**CONTEXT, "rawPath": PREDICT, "body": json.dumps({"instances": [b64("rgb.png")]})}
        late = function.invoke(event, Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 100)).value
        assert (late["statusCode"], json.loads(late["body"])) == (504, {"error": LATE})
        assert function.invoke(event).value["statusCode"] == 200


def test_the_log_has_nothing_of_an_image(directory: Path) -> None:
    with start_function(directory, METRIC_NAMESPACE="Images") as function:
        front = Front(function)
        assert front.post(PREDICT, json.dumps({"instances": [b64("rgb.png")]}).encode())[0] == 200
        front.refused(PREDICT, {"instances": [b64("image.webp")]})
        assert "image 0" in str(lines(function, 3)[2])
        assert not any(part in line for line in function.lines for part in (text("rgb.png")[:24], "RIFF", "UklGR"))


def test_grpc_takes_strings_of_images(server: Server, expected: dict[str, np.ndarray]) -> None:
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    def message(names: Sequence[str], shape: list[int]) -> Any:
        request = PredictRequest()
        request.model_spec.name = "images"
        request.inputs["image"].CopyFrom(tf.make_tensor_proto([read(name) for name in names], shape=shape))
        return request

    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        stub = PredictionServiceStub(channel)
        for shape in ([3], [3, 1]):
            output = stub.Predict(message(NAMES, shape), timeout=60).outputs["mean"]
            check(np.reshape(list(output.float_val), [-1, 3]), expected)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(message(["rgb.png", "image.webp"], [2]), timeout=60)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "input 'image', image 1 (the first is 0): this is a WebP" in caught.value.details()


def test_the_inference_protocol_takes_bytes_over_grpc(server: Server, expected: dict[str, np.ndarray]) -> None:
    import grpc
    from inference_messages import ModelInferRequest, ModelInferResponse

    def request(*, raw: bool, names: Sequence[str] = NAMES) -> Any:
        message = ModelInferRequest(model_name="images")
        tensor = message.inputs.add(name="image", datatype="BYTES", shape=[len(names)])
        if raw:
            message.raw_input_contents.append(elements(names))
        else:
            tensor.contents.bytes_contents.extend(read(name) for name in names)
        return message

    with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=ModelInferRequest.SerializeToString,
            response_deserializer=ModelInferResponse.FromString,
        )
        response = call(request(raw=True), timeout=60)
        check(np.frombuffer(response.raw_output_contents[0], np.float32).reshape(-1, 3), expected)
        response = call(request(raw=False), timeout=60)
        check(np.frombuffer(response.raw_output_contents[0], np.float32).reshape(-1, 3), expected)
        with pytest.raises(grpc.RpcError) as caught:
            call(request(raw=False, names=["rgb.png", "image.gif"]), timeout=60)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "image 1 (the first is 0): this is a GIF" in caught.value.details()


@pytest.mark.slow  # the clients' environment has half a gigabyte
@pytest.mark.timeout(900)
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_tritonclient_sends_images_as_the_guide_says(
    server: Server, expected: dict[str, np.ndarray], tmp_path: Path, protocol: str
) -> None:
    from client_environment import clients_python

    guide = (IMAGES.parents[2] / "docs" / "inference-protocol.md").read_text(encoding="utf-8")
    snippet = next(block for block in guide.split("```text\n") if '"BYTES"' in block).partition("```")[0]
    port = server.rest_port if protocol == "http" else server.grpc_port
    lines = [
        f"import json, numpy as np, tritonclient.{protocol} as triton",
        snippet,
        f"answer = triton.InferenceServerClient('localhost:{port}').infer('images', [x])",
        "print(json.dumps(answer.as_numpy('mean').tolist()))",
    ]
    (tmp_path / "cat.jpg").write_bytes(read("420.jpg"))
    command = [str(clients_python()), "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout.splitlines()[-1]), expected, ["420.jpg"])


def test_a_model_without_images_answers_as_before(serve: Any) -> None:
    event = {"instances": [b64("rgb.png")]}
    answer = serve("dense").invoke(event).value
    assert answer == {
        "error": "instances[0]: an object stands where a list of 4 belongs; each instance is float32 of shape [4]"
    }
