"""Makes files of pictures that stand alone, in the colors that their reader prefers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tensorflow_optimizer.report.charts.drawing import BAD, GOOD, INK, LINE, PAPER, SOFT

if TYPE_CHECKING:
    from markupsafe import Markup

#: Colors of the dark page, those of the report.
_DARK = {
    PAPER: "#14171d",
    INK: "#e6e9ef",
    SOFT: "#9aa4b3",
    LINE: "#303743",
    GOOD: "#5fd3a8",
    BAD: "#ff9a92",
}


def document(svg: Markup) -> str:
    """Return the text of an SVG file."""
    dark = "".join(
        f'[{part}="{light}"]{{{part}:{color}}}' for light, color in _DARK.items() for part in ("fill", "stroke")
    )
    style = (
        f'<style>text{{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif}}'
        f"@media (prefers-color-scheme: dark){{{dark}}}</style>"
    )
    opened, rest = str(svg).split(">", 1)
    _, _, width, height = re.findall(r'viewBox="([^"]+)"', opened)[0].split()
    return f'{opened} xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{style}{rest}\n'
