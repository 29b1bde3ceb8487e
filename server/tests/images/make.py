"""Writes the images of the tests, and what TensorFlow and Pillow make of them: never by the decoder that is tested.

`.tools/python/bin/python server/tests/images/make.py` in the repository. README.md says by which versions it was run.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL
import tensorflow as tf
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

Array: TypeAlias = npt.NDArray[Any]
HERE = Path(__file__).parent
HEIGHT, WIDTH = 30, 37
#: Smaller, larger, and both: height and width.
SIZES = ((20, 24), (70, 15), (24, 64))
#: Tag of EXIF for the orientation, and its value for a quarter turn.
ORIENTATION, TURNED = 274, 6


def scene(height: int, width: int) -> Array:
    """Return RGB with slopes, edges and a little noise, as a photograph has them."""
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    colors = np.stack([255 * x, 255 * y, 127 + 127 * np.sin(9 * x + 5 * y)], axis=-1)
    colors[height // 4 : height // 2, width // 3 : width // 2] = [250, 20, 40]
    colors[height // 2 :, : width // 5] = [10, 10, 240]
    noise = np.random.default_rng(11).normal(0, 4, colors.shape)
    return np.clip(colors + noise, 0, 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as Pillow writes it."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(pixels: Array, depth: int, color: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of a kind that Pillow does not write."""
    rows = pixels.reshape(pixels.shape[0], -1)
    if depth == 1:
        packed = np.packbits(rows.astype(np.uint8), axis=1)
    elif depth == 4:
        packed = (rows[:, ::2] << 4 | rows[:, 1::2]).astype(np.uint8)
    else:
        packed = rows.astype(">u2")
    return container(pixels, depth, color, 0, b"".join(b"\0" + row.tobytes() for row in packed), *chunks)


def interlaced(rgb: Array) -> bytes:
    """Return an interlaced PNG: seven images, one after the other."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = (row for y, x, down, right in passes for row in rgb[y::down, x::right])
    return container(rgb, 8, 2, 1, b"".join(b"\0" + row.tobytes() for row in rows if row.size))


def container(
    pixels: Array, depth: int, color: int, interlace: int, data: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """Return the file of a PNG, whose rows are `data`."""
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], depth, color, 0, 0, interlace)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    sums = (zlib.crc32(kind + text) for kind, text in parts)
    written = (
        struct.pack(">I", len(text)) + kind + text + struct.pack(">I", s)
        for (kind, text), s in zip(parts, sums, strict=True)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def images() -> dict[str, bytes]:
    """Return the images by the names of their files."""
    rgb = scene(HEIGHT, WIDTH)
    image, gray = Image.fromarray(rgb), Image.fromarray(rgb).convert("L")
    alpha = np.linspace(0, 255, HEIGHT * WIDTH).astype(np.uint8).reshape(HEIGHT, WIDTH)
    wide = np.random.default_rng(5).integers(-128, 128, rgb.shape) + rgb.astype(np.int64) * 257
    wide = np.clip(wide, 0, 65535)
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    palette = image.quantize(17)
    return {
        "rgb.png": encoded(image, "PNG"),
        "rgba.png": encoded(Image.fromarray(np.dstack([rgb, alpha])), "PNG"),
        "gray.png": encoded(gray, "PNG"),
        "gray-alpha.png": encoded(Image.merge("LA", [gray, Image.fromarray(alpha)]), "PNG"),
        "palette.png": encoded(palette, "PNG"),
        "palette-transparent.png": encoded(palette, "PNG", transparency=3),
        "bit.png": png(rgb[..., 0] > 127, 1, 0),
        "four-bits.png": png(rgb[:, :36, 0] >> 4, 4, 0),
        "sixteen-bits.png": png(wide, 16, 2),
        "sixteen-bits-alpha.png": png(np.dstack([wide, alpha.astype(np.int64) * 257]), 16, 6),
        "sixteen-bits-transparent.png": png(wide, 16, 2, (b"tRNS", struct.pack(">HHH", *wide[3, 3]))),
        "sixteen-bits-gray.png": png(wide[..., 1], 16, 0),
        "interlaced.png": interlaced(rgb),
        "animated.png": encoded(image, "PNG", save_all=True, append_images=[Image.fromarray(255 - rgb)]),
        "420.jpg": encoded(image, "JPEG", quality=90, subsampling=2),
        "422.jpg": encoded(image, "JPEG", quality=85, subsampling=1),
        "444.jpg": encoded(image, "JPEG", quality=95, subsampling=0),
        "gray.jpg": encoded(gray, "JPEG", quality=90),
        "progressive.jpg": encoded(image, "JPEG", quality=85, progressive=True),
        "progressive-gray.jpg": encoded(gray, "JPEG", quality=85, progressive=True),
        "turned.jpg": encoded(image, "JPEG", quality=90, exif=exif),
        "restarts.jpg": encoded(image, "JPEG", quality=90, restart_marker_rows=1),
        "rgb.jpg": encoded(image, "JPEG", quality=90, keep_rgb=True),
        "large.png": encoded(Image.fromarray(scene(60, 90)), "PNG"),
        # What is refused.
        "cmyk.jpg": encoded(image.convert("CMYK"), "JPEG", quality=60),
        "image.webp": encoded(image, "WEBP", quality=50),
        "image.gif": encoded(image.quantize(4), "GIF"),
    }


def references(files: dict[str, bytes]) -> Iterator[tuple[dict[str, Any], Array]]:
    """Yield what is to be made of an image, and the values."""
    for name, data in files.items():
        if name in {"cmyk.jpg", "image.webp", "image.gif", "large.png"}:
            continue
        for channels in (1, 3):
            # Decode as Pillow does. TensorFlow's default, INTEGER_FAST, is itself up to 8 of 255 from that.
            decoded = (
                tf.io.decode_jpeg(data, channels=channels, dct_method="INTEGER_ACCURATE").numpy()
                if name.endswith(".jpg")
                else tf.io.decode_image(data, channels=channels, expand_animations=False).numpy()
            )
            yield {"image": name, "channels": channels, "method": "nearest", "antialias": False}, decoded
    rgb = tf.io.decode_png(files["large.png"], channels=3)
    gray = tf.io.decode_png(files["large.png"], channels=1)
    for size in SIZES:
        for method in ("nearest", "bilinear", "bicubic"):
            of = {"image": "large.png", "channels": 3, "method": method, "antialias": False}
            yield of, tf.image.resize(rgb, size, method=method).numpy()
        for method, filter_ in (("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)):
            resized = Image.fromarray(rgb.numpy()).resize((size[1], size[0]), filter_)
            yield {"image": "large.png", "channels": 3, "method": method, "antialias": True}, np.asarray(resized)
    resized = tf.image.resize(gray, SIZES[0], method="bicubic").numpy()
    yield {"image": "large.png", "channels": 1, "method": "bicubic", "antialias": False}, resized


def main() -> None:
    """Write all files."""
    files = images()
    for name, data in files.items():
        (HERE / name).write_bytes(data)
    entries, values = [], b""
    for of, array in references(files):
        height, width = array.shape[:2]
        dtype = "float32" if array.dtype == np.float32 else "uint8"
        data = array.astype("<f4" if dtype == "float32" else np.uint8).tobytes()
        entries.append({**of, "height": height, "width": width, "dtype": dtype, "at": len(values), "bytes": len(data)})
        values += data
    (HERE / "references.bin").write_bytes(values)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (HERE / "references.json").write_text(f"[\n{lines}\n]\n")
    (HERE / "README.md").write_text(
        "# Images of the tests\n\n"
        "`make.py` writes them, and what TensorFlow and Pillow make of them: `references.json` says which values\n"
        f"`references.bin` has. Written with TensorFlow {tf.__version__}, Pillow {PIL.__version__} and NumPy "
        f"{np.__version__}.\n"
    )


if __name__ == "__main__":
    main()
