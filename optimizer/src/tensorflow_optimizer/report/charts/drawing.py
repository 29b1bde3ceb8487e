"""Draws with Matplotlib, and makes of its SVG an element for a page."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib import style
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes

WIDTH = 900
#: The colors of the page when it is light; style.css replaces each by the variable that holds it.
PAPER, INK, SOFT, LINE, GOOD, BAD = "#ffffff", "#1a1f29", "#5b6472", "#dde1e7", "#0b7a55", "#b3261e"
#: The id of names, which becomes a class: the page draws them before lines.
NAME = "name"
#: Prefix of the id, before a number, of an element with a title, which a browser shows at the pointer.
MARK = "mark-"
LONGEST_NAME = 28
#: Most names in a chart that one can read.
MOST_NAMED = 30

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_STYLE: dict[str, Any] = {
    "figure.dpi": 72,  # that of an SVG: a point is a pixel
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "cdk-tensorflow",  # equal builds get equal ids
    "text.parse_math": False,
    # The widest font of the page, and one that Matplotlib has with it.
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "grid.color": LINE,
    "hatch.color": PAPER,
}
#: Characters that XML cannot hold, even escaped.
_IMPOSSIBLE = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@dataclass(frozen=True)
class Chart:
    """A chart with its caption, or the reason why there is none."""

    svg: Markup | None
    text: str


@dataclass(frozen=True)
class Words:
    """The words of a chart."""

    title: str
    """The chart in a few words, for screen readers."""
    description: str
    """Content of the drawing, in sentences."""
    marks: Sequence[str] = ()
    """The texts of the elements with a mark's id, by its number."""


def draw(paint: Callable[[Figure], None], name: str, words: Words, size: tuple[float, float]) -> Markup:
    """Return an SVG element.

    Args:
        paint: Draws into a figure; a pixel is its unit of length.
        name: Unlike that of any other chart of the page.
        words: Its words.
        size: Width and height in pixels.
    """
    stream = io.StringIO()
    with style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        # Ignore characters that this font lacks; the reader's may have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(size[0] / 72, size[1] / 72))
        paint(figure)
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _embedded(stream.getvalue(), name, words)


def plot(figure: Figure, margins: tuple[float, float, float, float], grid: Literal["both", "x", "none"]) -> Axes:
    """Return axes with these margins in pixels: left, right, top and bottom."""
    (width, height), (left, right, top, bottom) = figure.get_size_inches() * 72, margins
    place = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = figure.add_axes(place)
    if grid != "none":
        axes.grid(visible=True, axis=grid)
    axes.tick_params(length=0, pad=6)
    return axes


def plain(text: str) -> str:
    """Return a text without what an SVG cannot hold."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that has room in a chart: its start and its end, which tell it from others."""
    text, start = plain(text), (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:start]}…{text[start + 1 - longest :]}"


def sentences(items: Iterable[str], most: int = MOST_NAMED) -> str:
    """Return a sentence for each item, and how many more there are."""
    texts = [plain(item) for item in items]
    more = [f"And {len(texts) - most:,} more"] if len(texts) > most else []
    return " ".join(f"{item}." for item in [*texts[:most], *more])


def caption(*parts: str) -> str:
    """Return the sentences that are not empty."""
    return " ".join(filter(None, parts))


def _embedded(document: str, name: str, words: Words) -> Markup:
    """Return the element of a document: with its words, without what a page has for itself or another chart too."""
    root = ET.fromstring(document)  # noqa: S314 - Matplotlib's own output, in which names are escaped
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"}:
                parent.remove(child)
    used = set(re.findall(r'(?:url\(|xlink:href=")#([\w.-]+)', document))
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        if element.get("id", "").startswith(MARK):
            ET.SubElement(element, "title").text = plain(words.marks[int(element.get("id", "")[len(MARK) :])])
        _simplify(element, name, used)
    # A mark has the colors of the `use` that draws it: the page's rules do not reach inside of one.
    for mark in (path for definitions in root.iter("defs") for path in definitions.iter("path")):
        mark.attrib.pop("fill", None)
        mark.attrib.pop("stroke", None)
    for place, (tag, text) in enumerate({"title": words.title, "desc": words.description}.items()):
        entry = ET.Element(tag, {"id": f"{name}-{tag}"})
        entry.text = plain(text)
        root.insert(place, entry)
    box = root.get("viewBox", "")
    root.attrib.clear()
    labels = {"aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-desc"}
    root.attrib.update({"viewBox": box, "role": "img", **labels, "class": "chart"})
    ET.indent(root, "")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes names


def _simplify(element: ET.Element, name: str, used: set[str]) -> None:
    """Make attributes of styles, which those of the page then outrank, and ids of this chart alone."""
    for declaration in filter(None, map(str.strip, element.attrib.pop("style", "").split(";"))):
        key, _, value = declaration.partition(":")
        if key != "font-family":
            element.set(key.strip(), value.strip())
    identity = element.attrib.pop("id", None)
    if identity == NAME:
        element.set("class", NAME)
    if identity in used:
        element.set("id", f"{name}-{identity}")
    if _LINK in element.attrib:
        element.set("href", f"#{name}-{element.attrib.pop(_LINK)[1:]}")
    for key, value in element.attrib.items():
        if value.startswith("url(#"):
            element.set(key, value.replace("url(#", f"url(#{name}-"))
