"""The charts of report.html: they say in words what they show, and draw what is unusual, or say why not."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
import report_samples as sample
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    Confusion,
    LayerError,
    Loss,
    Outcome,
    OutputMetrics,
)
from tensorflow_optimizer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Write = Callable[..., Path]

PASSED = CandidateStatus.PASSED
LONG = "functional_1/block_5_depthwise/BatchNorm/FusedBatchNormV3/Relu6 of the second tower"


def candidate(name: str, size: int, status: CandidateStatus = PASSED, **known: Any) -> Candidate:
    return Candidate(name=name, status=status, metrics=sample.metrics(size, **known))


def with_classes(count: int, decided: int | None = None) -> Outcome:
    """Return a build whose labels are of so many classes."""
    numbers = range(count)
    keys = {f"recall:{number}": number / count / 10 for number in numbers}
    known: dict[str, Any] = {"task": "multiclass", "accuracy": 0.9}
    if decided is None:
        before = Confusion(classes=list(numbers), counts=[[9 * (row == at) for at in numbers] for row in numbers])
        after = Confusion(classes=list(numbers), counts=[[8 * (row == at) + 1 for at in numbers] for row in numbers])
    else:
        before = after = None
    original = sample.metrics(1_880_000).model_copy(
        update={"outputs": {"y": OutputMetrics(**known, scores=dict.fromkeys(keys, 1.0), confusion=before)}}
    )
    losses = {key: Loss(value=value, interval=(value - 0.02, value + 0.03)) for key, value in keys.items()}
    scores = {key: 1 - value for key, value in keys.items()}
    after_it = OutputMetrics(**known, accuracy_loss=0.01, scores=scores, losses=losses, confusion=after)
    chosen = sample.CHOSEN.model_copy(
        update={"metrics": sample.metrics(942_000, ratio=0.5).model_copy(update={"outputs": {"y": after_it}})}
    )
    return sample.accepted(original=original, candidates=[chosen])


def with_layers(errors: list[float]) -> Outcome:
    layers = [
        LayerError(layer=f"{LONG}/{number}", operation="CONV_2D", weights="int8", error=error)
        for number, error in enumerate(errors)
    ]
    return sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"layers": layers})])


def full() -> Outcome:
    outcome = with_classes(4)
    (chosen,) = outcome.candidates
    layers = with_layers([0.01, 0.02, 0.3]).candidates[0].layers
    return outcome.model_copy(update={"candidates": [sample.REJECTED, chosen.model_copy(update={"layers": layers})]})


def html_of(write: Write, outcome: Outcome, **job: Any) -> str:
    return (write(sample.job(**job), outcome) / "report.html").read_text(encoding="utf-8")


def charts_in(html: str) -> dict[str, ET.Element]:
    """Return the charts of a page by name."""
    found = [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    return {(svg.get("aria-labelledby") or "").removesuffix("-title"): svg for svg in found}


def texts_of(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter("text")]


def centers(svg: ET.Element) -> dict[str, tuple[float, float]]:
    """Return the middle of each mark by the name in its title."""
    found = {}
    for group in svg.iter("g"):
        title = group.findtext("title")
        if title:
            (use,) = [*group.iter("use")] or [None]
            if use is not None:
                at = float(use.get("x") or 0), float(use.get("y") or 0)
            else:
                (path,) = group.iter("path")
                numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", path.get("d") or "")]
                at = tuple((min(part) + max(part)) / 2 for part in (numbers[::2], numbers[1::2]))
            found[title.split(":")[0]] = at
    return found


def boxes(svg: ET.Element) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Yield upright texts with their left, top, right and bottom, by the mean width of the page's widest font."""
    for text in svg.iter("text"):
        if "rotate(-45" in (text.get("transform") or "") or "rotate(-90" in (text.get("transform") or ""):
            continue
        size, x, y = (float((text.get(key) or "0").removesuffix("px")) for key in ("font-size", "x", "y"))
        width = len(text.text or "") * size * 0.58
        left = x - {"end": width, "middle": width / 2}.get(text.get("text-anchor") or "start", 0)
        yield text.text or "", (left, y - 0.75 * size, left + width, y + 0.2 * size)


def test_every_chart_says_in_words_what_it_shows(write: Write) -> None:
    html = html_of(write, full(), labels=["a", "b", "c", "d"])
    charts = charts_in(html)
    assert list(charts) == ["size-and-loss", "times", "classes-1", "confusion-1", "layers"]
    for name, svg in charts.items():
        assert svg.get("role") == "img"
        title, description = svg[0], svg[1]
        assert (title.tag, title.get("id"), svg.get("aria-labelledby")) == ("title", f"{name}-title", f"{name}-title")
        assert (description.tag, description.get("id")) == ("desc", svg.get("aria-describedby"))
        assert title.text
        assert len(description.text or "") > 40
    words = {name: svg[1].text or "" for name, svg in charts.items()}
    assert "dynamicRange: 0.47 MB, +1.50 (+0.40 … +2.70), 3.45× faster than float32." in words["size-and-loss"]
    assert "float16: 2.00× faster." in words["times"]
    assert "d: +7.50." in words["classes-1"]
    assert "Label a: a 9, b 0 → 1" in words["confusion-1"]
    assert "The greatest jumps:" in words["layers"]


def test_the_page_has_one_style_and_each_id_once(write: Write) -> None:
    html = html_of(write, full())
    identities = re.findall(r'\bid="([^"]+)"', html)
    assert len(identities) == len(set(identities))
    used = re.findall(r'(?:href="|url\()#([\w.-]+)', html)
    assert used
    assert set(used) <= set(identities)
    light = html[: html.index("@media")]
    for svg in charts_in(html).values():
        for element in svg.iter():
            assert "style" not in element.attrib
            for key in ("fill", "stroke"):
                color = element.get(key, "none")
                assert color == "none" or f'.chart [{key}="{color}"]' in html, "it would not be as dark as the page"
                assert color == "none" or color in light
        inside = [path for definitions in svg.iter("defs") for path in definitions.iter("path")]
        assert not [path for path in inside if {"fill", "stroke"} & set(path.attrib)], "no rule reaches inside of `use`"
        assert all(use.get("stroke") for use in svg.iter("use"))


def test_equal_builds_give_equal_bytes_whatever_the_readers_settings_are(write: Write) -> None:
    first = html_of(write, full())
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": None, "axes.facecolor": "red"}):
        assert html_of(write, full()) == first


def test_smaller_is_left_and_better_is_lower(write: Write) -> None:
    svg = charts_in(html_of(write, sample.accepted()))["size-and-loss"]
    places = centers(svg)
    assert places["dynamicRange"][0] < places["float16"][0] < places["original"][0]
    assert places["dynamicRange"][1] < places["float16"][1] == pytest.approx(places["original"][1])
    assert [path for path in svg.iter("path") if path.get("stroke-dasharray") and "L" in (path.get("d") or "")]


def test_a_mark_is_as_large_as_the_time(write: Write) -> None:
    slow = [candidate(f"c{ratio}", 1000 * ratio, ratio=ratio, accuracy_loss=0.01 * ratio) for ratio in (1, 4)]
    svg = charts_in(html_of(write, sample.accepted(candidates=slow)))["size-and-loss"]
    widths = {}
    for group in svg.iter("g"):
        title = group.findtext("title") or ""
        if title.startswith("c"):
            (path,) = group.iter("path")
            across = [float(number) for number in re.findall(r"-?\d+\.?\d*", path.get("d") or "")[::2]]
            widths[title[:2]] = max(across) - min(across)
    assert widths["c4"] == pytest.approx(2 * widths["c1"], rel=0.01), "the area is the time"


@pytest.mark.parametrize(
    ("known", "axis"),
    [
        ({"accuracy_loss": 0.01, "agreement": 0.9}, "loss of accuracy, points"),
        ({"error_increase": 0.05, "task": "regression"}, "increase of the mean absolute error, %"),
        ({"agreement": 0.97, "relative_error": 0.1}, "decisions unlike the original's, %"),
        ({"relative_error": 0.1}, "relative error"),
    ],
)
def test_the_strongest_loss_that_was_measured_is_drawn(write: Write, known: dict[str, Any], axis: str) -> None:
    outcome = sample.accepted(candidates=[candidate("a", 1000, **known), candidate("b", 500, **known)])
    assert axis in texts_of(charts_in(html_of(write, outcome))["size-and-loss"])


def test_the_loss_is_that_of_the_metric_that_the_gate_judges(write: Write) -> None:
    judged = sample.rule(True, "", "maxLoss").model_copy(update={"metric": "recall:1", "output": "y"})
    outcome = with_classes(4)
    chosen = outcome.candidates[0].model_copy(update={"rules": [judged]})
    svg = charts_in(html_of(write, outcome.model_copy(update={"candidates": [chosen]})))["size-and-loss"]
    assert "loss of recall of the class 1, points" in texts_of(svg)


def test_an_interval_is_drawn_and_a_square_is_the_time_on_two_threads(write: Write) -> None:
    measured = sample.metrics(942_000, ratio=0.5).model_copy(
        update={"latency_ratio_interval": (0.45, 0.55), "two_threads_latency_ratio": 0.8}
    )
    outcome = sample.accepted(candidates=[sample.CHOSEN.model_copy(update={"metrics": measured})])
    svg = charts_in(html_of(write, outcome))["times"]
    assert "2.00× faster" in texts_of(svg)
    assert "on two threads 1.25× faster" in (svg[1].text or "")
    assert {"0.5×", "1×"} <= set(texts_of(svg))


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_left_out_and_named(write: Write, loss: float) -> None:
    broken = candidate("broken", 2000, error_increase=loss)
    whole = candidate("whole", 3000, ratio=0.5, error_increase=0.01)
    html = html_of(write, sample.accepted(candidates=[broken, whole]))
    shown = centers(charts_in(html)["size-and-loss"])
    assert "whole" in shown
    assert "broken" not in shown
    assert "Not drawn, as its loss is unknown: broken." in html
    assert "Not drawn are 1 whose time was not compared." in html


def test_what_was_not_measured_is_a_sentence(write: Write) -> None:
    failed = Candidate(name="fullInteger", status=CandidateStatus.FAILED, reason="the converter stopped")
    html = html_of(write, sample.accepted(candidates=[failed]))
    assert charts_in(html) == {}
    assert "Size and loss are not drawn: no candidate was measured." in html
    assert "Times are not drawn: no candidate was measured." in html
    nothing = Outcome(exit_code=ExitCode.BAD_INPUT, sentence="the labels do not fit")
    assert charts_in(html_of(write, nothing)) == {}


def test_a_single_candidate_is_drawn(write: Write) -> None:
    charts = charts_in(html_of(write, sample.accepted(candidates=[sample.CHOSEN], original=None)))
    assert list(centers(charts["size-and-loss"])) == ["float16"]
    assert "float16" in texts_of(charts["times"])


@pytest.mark.parametrize(
    "values", [[(1000, 0.0), (1000, 0.0)], [(1, -1.0), (10**12, 1.0)], [(5, 0.5), (6, 0.5)]], ids=str
)
def test_equal_and_extreme_values_stay_inside(write: Write, values: list[tuple[int, float]]) -> None:
    candidates = [
        candidate(f"c{i}", size, ratio=10.0 ** (-9 * i), accuracy_loss=loss) for i, (size, loss) in enumerate(values)
    ]
    svg = charts_in(html_of(write, sample.accepted(candidates=candidates, original=None)))["size-and-loss"]
    assert len(centers(svg)) == len(values)
    for x, y in centers(svg).values():
        assert 84 < x < 884
        assert 44 < y < 374


def test_twenty_classes_are_drawn_and_a_thousand_without_a_matrix(write: Write) -> None:
    twenty = charts_in(html_of(write, with_classes(20)))
    assert {"classes-1", "confusion-1"} <= set(twenty)
    assert next(text for text in texts_of(twenty["classes-1"]) if text.startswith("class ")) == "class 19"
    html = html_of(write, with_classes(1000, 0))
    many = charts_in(html)
    assert "confusion-1" not in many
    assert len([text for text in texts_of(many["classes-1"]) if text.startswith("class ")]) == 30
    assert "30 of 1000 are drawn; the table has all." in html
    assert "And 970 more." in (many["classes-1"][1].text or "")


def test_classes_that_were_not_measured_one_by_one_are_a_sentence(write: Write) -> None:
    outcome = with_classes(1)
    assert outcome.candidates[0].metrics is not None
    output = outcome.candidates[0].metrics.outputs["y"]
    bare = output.model_copy(update={"losses": {"f1": Loss(value=0.1, interval=(0, 1))}, "confusion": None})
    metrics = outcome.candidates[0].metrics.model_copy(update={"outputs": {"y": bare}})
    chosen = outcome.candidates[0].model_copy(update={"metrics": metrics})
    html = html_of(write, outcome.model_copy(update={"candidates": [chosen]}))
    assert "The loss of each class is not drawn: it is measured of at most 20 classes with numbers." in html


def test_two_hundred_layers_are_drawn_and_the_greatest_jump_is_named(write: Write) -> None:
    errors = [0.001 * number + (0.5 if number == 120 else 0) for number in range(200)]
    html = html_of(write, with_layers([*errors, math.inf, math.nan]))
    svg = charts_in(html)["layers"]
    assert len([*svg.iter("use")]) >= 200
    assert "121 functional…d tower/120" in texts_of(svg)
    assert f'<th scope="row">121 {LONG}/120</th>' in html
    assert "Not drawn are 2 whose error is no finite number." in html


@pytest.mark.parametrize(("errors", "count"), [([math.nan, 0.2], 1), ([math.nan, math.inf], 0), ([0.0, 0.0], None)])
def test_errors_that_are_no_number_hide_no_table(write: Write, errors: list[float], count: int | None) -> None:
    html = html_of(write, with_layers(errors))
    assert ("<h2>Error by layer</h2>" in html) == (count is not None)
    assert ("layers" in charts_in(html)) == bool(count)
    assert ("Errors are not drawn: none is a finite number above 0." in html) == (count == 0)


def test_names_are_text_and_what_xml_cannot_hold_is_replaced(write: Write) -> None:
    names = ["$x^2$ <b>", "a\x00b\x1b", "two\nlines", LONG]
    candidates = [candidate(name, 1000 * (at + 1), ratio=0.5, accuracy_loss=0.01) for at, name in enumerate(names)]
    charts = charts_in(html_of(write, sample.accepted(candidates=candidates)))
    for name in ("size-and-loss", "times"):
        assert {"$x^2$ <b>", "a\ufffdb\ufffd", "two lines", "functional_1/…e second tower"} <= set(
            texts_of(charts[name])
        )
    assert any(title.startswith(LONG) for title in centers(charts["size-and-loss"]))


def test_no_text_covers_another_or_leaves_its_chart(write: Write) -> None:
    outcome = with_classes(20)
    chosen = outcome.candidates[0].model_copy(update={"layers": with_layers([0.1, 0.3, 0.2, 0.9]).candidates[0].layers})
    others = [
        candidate(f"{at}: {LONG}", 300_000 + 30_000 * at, ratio=0.2 + 0.3 * at, accuracy_loss=0.001 * (at % 4))
        for at in range(30)
    ]
    outcome = outcome.model_copy(update={"candidates": [*others, chosen]})
    charts = charts_in(html_of(write, outcome, labels=[f"{at} {LONG}" for at in range(20)]))
    assert len(charts) == 5
    for name, svg in charts.items():
        _, _, width, height = map(float, (svg.get("viewBox") or "").split())
        texts = [*boxes(svg)]
        assert len(texts) > 5
        for text, (left, top, right, bottom) in texts:
            assert left >= 0, f"{text} leaves {name}"
            assert top >= 0, f"{text} leaves {name}"
            assert right <= width + 1, f"{text} leaves {name}"
            assert bottom <= height, f"{text} leaves {name}"
        for (text, one), (other, two) in itertools.combinations(texts, 2):
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
            assert apart, f"{text} covers {other} in {name}"
