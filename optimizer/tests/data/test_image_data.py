"""Evaluation data that are images."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_optimizer.data import (
    Dataset,
    decode_images,
    generated_image,
    has_labels,
    image_leaf,
    image_size,
    read_dataset,
)
from tensorflow_optimizer.documents.image import Image, ImageInput, ResizeMethod
from tensorflow_optimizer.errors import BadInputError, OptimizerError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Sandbox

    Read = Callable[..., Dataset]

PIXELS = np.random.default_rng(3).integers(0, 256, (9, 7, 3)).astype(np.uint8)
ZERO_TO_ONE = {"preprocessing": "zeroToOne"}


def signature(
    dtype: str = "float32", channels: int = 3, inputs: tuple[str, ...] = ("x",), outputs: int = 1
) -> SignatureSpec:
    return SignatureSpec(
        "serving_default",
        "tensorflow/serving/predict",
        {name: TensorSpec(dtype, (None, 4, 5, channels), "") for name in inputs},
        {f"y{number}": TensorSpec("float32", (None, 3), "") for number in range(outputs)},
    )


def images(directory: Path, labels: str = "path,label\nb.png,1\nphotos/a.jpg,0\n") -> Path:
    (directory / "photos").mkdir()
    (directory / "b.png").write_bytes(tf.io.encode_png(PIXELS).numpy())
    (directory / "photos" / "a.jpg").write_bytes(tf.io.encode_jpeg(PIXELS).numpy())
    (directory / "labels.csv").write_text(labels, encoding="utf-8")
    return directory


@pytest.fixture
def read(sandbox: Sandbox) -> Read:
    """Read images as a job does."""

    def read(
        directory: Path, spec: SignatureSpec | None = None, names: list[str] | None = None, **image: Any
    ) -> Dataset:
        asked = ImageInput.model_validate(image or ZERO_TO_ONE)
        known = spec or signature()
        return read_dataset(directory, known, None, batched=True, labels=names, image=asked, sandbox=sandbox)

    return read


def test_rows_are_in_the_order_of_the_labels_file(tmp_path: Path, read: Read) -> None:
    data = read(images(tmp_path))
    assert (data.inputs["x"].shape, data.inputs["x"].dtype, data.labels["y0"].tolist()) == (
        (2, 4, 5, 3),
        "float32",
        [1, 0],
    )
    resized = tf.image.resize(PIXELS, (4, 5), "bilinear").numpy()
    np.testing.assert_allclose(data.inputs["x"][0], resized / 255, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_is_decoded_as_exactly_as_the_servers_decode_it(channels: int, tmp_path: Path, read: Read) -> None:
    directory = images(tmp_path, "path\nphotos/a.jpg\n")
    content = (directory / "photos" / "a.jpg").read_bytes()
    exact, default = (
        tf.image.resize(tf.io.decode_jpeg(content, channels, dct_method=method), (4, 5)).numpy() / 255
        for method in ("INTEGER_ACCURATE", "")
    )
    (found,) = read(directory, signature(channels=channels)).inputs["x"]
    np.testing.assert_allclose(found, exact, atol=1e-6)
    assert np.abs(found - default).max() > 1 / 255


def test_pixels_become_what_the_job_says(tmp_path: Path, read: Read) -> None:
    directory = images(tmp_path)
    data = read(directory, preprocessing="caffe", method="bicubic", antialias=True)
    resized = tf.image.resize(PIXELS, (4, 5), "bicubic", antialias=True).numpy()
    np.testing.assert_allclose(data.inputs["x"][0], resized[..., ::-1] - [103.939, 116.779, 123.68], atol=1e-3)
    integers = read(directory, signature("uint8"), preprocessing="zeroTo255", method="bicubic").inputs["x"][0]
    assert integers.dtype == np.uint8
    cubic = tf.image.resize(PIXELS, (4, 5), "bicubic").numpy()
    np.testing.assert_array_equal(integers, np.clip(np.rint(cubic), 0, 255))


def test_a_colored_image_becomes_gray_for_one_channel(tmp_path: Path, read: Read) -> None:
    gray = read(images(tmp_path), signature(channels=1)).inputs["x"]
    expected = tf.image.resize(tf.io.decode_png(tf.io.encode_png(PIXELS), channels=1), (4, 5)).numpy() / 255
    np.testing.assert_allclose(gray[0], expected, atol=1e-6)


def test_labels_may_be_missing_or_names_or_of_several_outputs(tmp_path: Path, read: Read) -> None:
    directory = images(tmp_path)
    for text, spec, expected in (
        ("path\nb.png\n", signature(), {}),
        ("path,label\nb.png,cat\nb.png,dog\n", signature(), {"y0": [1, 0]}),
        ("path,label\nb.png,0.5\n", signature(), {"y0": [0.5]}),
        ("path,label/y1,label/y0\nb.png,1,2\n", signature(outputs=2), {"y0": [2], "y1": [1]}),
        ("\ufeffpath, label\r\nb.png, 2\r\n\r\n", signature(), {"y0": [2]}),
    ):
        (directory / "labels.csv").write_text(text, encoding="utf-8")
        labels = read(directory, spec, ["dog", "cat"]).labels
        assert {name: values.tolist() for name, values in labels.items()} == expected
        assert has_labels(directory) is bool(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"begins with the line ''; it must be \"path\" or \"path,label\""),
        ("b.png,1\n", "begins with the line 'b.png,1'"),
        ("path,class\nb.png,1\n", "begins with the line 'path,class'"),
        ("path,label,label\nb.png,1,1\n", "begins with the line"),
        ("path,label\nb.png\n", "row 2 has 1 values, and the first row 2"),
        ("path,label\nc.png,1\n", "row 2 names the file 'c.png', which does not exist"),
        ("path,label\n../labels.csv,1\n", "row 2 names the file '../labels.csv', which does not exist"),
        ("path,label\n", "labels.csv holds no samples"),
        ("path,label/z\nb.png,1\n", "has the column 'label/z', and the model's outputs have label/y0"),
        ("path,label\nlabels.csv,1\n", "labels.csv cannot be decoded: it is neither a JPEG nor a PNG"),
        ("path,label\nbroken.png,1\n", "broken.png cannot be decoded: "),
        ("path,label\nb.png,cat\n", "labels by name; give the class names"),
    ],
)
def test_a_wrong_table_or_image_is_refused_with_its_place(tmp_path: Path, text: str, problem: str, read: Read) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    directory = images(inside, text)
    (directory / "broken.png").write_bytes((directory / "b.png").read_bytes()[:100])
    (tmp_path / "labels.csv").write_text("path\n")
    with pytest.raises(BadInputError, match=problem):
        read(directory)


def test_what_the_job_does_not_say_of_pixels_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nothing says what numbers the model makes of their pixels") as raised:
        read_dataset(images(tmp_path), signature(), None, batched=True, labels=None)
    assert raised.value.hints == (Hint.IMAGE_INPUT,)


def test_a_model_of_several_inputs_needs_all_of_them(tmp_path: Path, read: Read) -> None:
    with pytest.raises(BadInputError, match="images for 'x', and the model has 2 inputs"):
        read(images(tmp_path), signature(inputs=("x", "z")), preprocessing="zeroToOne", input="x")


def test_two_tables_are_refused(tmp_path: Path, read: Read) -> None:
    directory = images(tmp_path)
    (directory / "photos" / "labels.csv").write_text("path\n")
    with pytest.raises(BadInputError, match=r"several files labels.csv \(labels.csv, photos/labels.csv\)"):
        read(directory)


def decode(sandbox: Sandbox, *contents: bytes) -> list[Any]:
    image = Image(method=ResizeMethod.BILINEAR, antialias=False, scale=[1.0] * 3, offset=[0.0] * 3)
    named = [(f"{number}.png", content) for number, content in enumerate(contents)]
    return list(decode_images(sandbox, named, image, (9, 7, 3), "float32"))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + b"IHDR" + header


def test_images_of_many_files_are_decoded_in_their_order(sandbox: Sandbox) -> None:
    contents = [tf.io.encode_png(np.full((9, 7, 3), number, np.uint8)).numpy() for number in range(150)]
    assert [row[0, 0, 0] for row in decode(sandbox, *contents)] == list(range(150))


@pytest.mark.parametrize(
    ("width", "height"), [(1 << 16, 1), (1, 1 << 31), (8_000, 4_195), ((1 << 32) - 1, (1 << 32) - 1)]
)
def test_an_image_larger_than_servers_take_is_refused_by_its_header(width: int, height: int, sandbox: Sandbox) -> None:
    with pytest.raises(BadInputError, match=rf"0.png cannot be decoded: it has {width} x {height} pixels; at most"):
        decode(sandbox, png(width, height))


@pytest.mark.parametrize("options", [{}, {"format": "grayscale"}, {"progressive": True, "quality": 30}])
def test_the_size_of_a_jpeg_is_read_from_its_frame(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_size, "MOST_PIXELS", 62)
    pixels = PIXELS[..., :1] if "format" in options else PIXELS
    content = tf.io.encode_jpeg(pixels, xmp_metadata="x" * 1000, **options).numpy()
    with pytest.raises(ValueError, match="it has 7 x 9 pixels"):
        image_size.check_size(content)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x00" * 9, b""])
def test_an_image_without_a_header_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut short|neither a JPEG nor a PNG"):
        image_size.check_size(content)


def test_the_generated_image_is_one_for_every_decoder() -> None:
    for channels in (1, 3):
        decoded = tf.io.decode_png(generated_image((5, 300, channels)), channels=channels).numpy()
        assert decoded.shape == (5, 300, channels)
        assert (decoded[0, 0, 0], decoded[4, 299, 0]) == (0, 255)
        assert decoded[4, 299, -1] == (303 % 256 if channels == 3 else 255)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("dies", "crashed in native code \\(SIGSEGV\\)"),
        ("hangs", "did not answer within 2 seconds"),
        ("answers_nothing", "answered others than it was asked for"),
        ("answers_nonsense", "answered something else than images"),
        ("answers_too_much", "only models that you trust"),
        ("ends_lines", "0.png cannot be decoded: bad red$"),
    ],
)
def test_a_process_that_does_not_decode_ends_the_job_with_a_sentence(
    task: str, sentence: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_leaf, "_TASK", f"hostile_leaves:{task}")
    if task == "hangs":
        monkeypatch.setattr(image_leaf, "_SECONDS", 2.0)
    with pytest.raises(OptimizerError, match=sentence) as raised:
        decode(sandbox, generated_image((9, 7, 3)))
    assert "\n" not in str(raised.value)
