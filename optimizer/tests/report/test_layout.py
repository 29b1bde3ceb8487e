"""The layout of the tables of report.html: nothing is cut off."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import report_samples as sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Columns(HTMLParser):
    """The widest unbreakable text of each column of the table of candidates, in characters."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.widest: list[int] = []
        self._in_small_text_breaks = "td.number small { white-space: normal; }" in html
        self._headings_break = not re.search(r"thead th \{[^}]*nowrap", html)
        self._names_break = bool(re.search(r"tbody th \{[^}]*overflow-wrap: anywhere", html))
        self._tags: list[str] = []
        self._column = -1
        start = html.index('<table class="candidates">')
        self.feed(html[start : html.index("</table>", start)])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags.append(tag)
        if tag == "tr":
            self._column = -1
        if tag in {"th", "td"}:
            self._column += 99 if any(name == "colspan" for name, _ in attrs) else 1
            if self._column == len(self.widest):
                self.widest.append(0)

    def handle_endtag(self, tag: str) -> None:
        assert self._tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if not data.strip() or self._column >= len(self.widest):
            return
        heading = "thead" in self._tags
        name = "th" in self._tags and not heading
        breaks = self._headings_break if heading else name or ("small" in self._tags and self._in_small_text_breaks)
        longest = max(map(len, data.split())) if breaks else len(data.strip())
        self.widest[self._column] = max(self.widest[self._column], 18 if name and self._names_break else longest)


def test_the_table_of_candidates_fits_in_a_page_of_1080_pixels(write: Callable[..., Path]) -> None:
    measured = sample.metrics(
        1_234_942_000,
        ratio=3.02,
        accuracy=0.983,
        balanced_accuracy=0.981,
        accuracy_loss=-0.103,
        accuracy_loss_interval=(-0.103, -0.003),
        agreement=1.0,
        agreement_interval=(0.9871, 1.0),
        relative_error=0.000412,
        snr_decibels=67.7,
    ).model_copy(update={"compressed_bytes": 1_134_942_000})
    name = "distilled-into-a-small-student-and-pruned-and-quantized-to-full-integers"
    candidates = [sample.CHOSEN.model_copy(update={"name": name, "metrics": measured}), sample.REJECTED]
    html = (write(sample.job(), sample.accepted(candidates=candidates)) / "report.html").read_text(encoding="utf-8")

    widest = Columns(html).widest
    assert len(widest) == 7
    # 8 pixels a character, and 24 of padding a cell; the page has 1080 with 20 of padding on both sides.
    assert sum(8 * characters + 24 for characters in widest) <= 1040, widest
