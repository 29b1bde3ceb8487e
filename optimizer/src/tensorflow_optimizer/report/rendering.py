"""Renders the templates that reports share."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from . import figures
from .run_text import run_text
from .view import tensor_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKDOWN_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with these values; HTML is escaped."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        md=_markdown,
        tensor=tensor_text,
        MB=figures.megabytes,
        ms=figures.milliseconds,
        small=figures.small,
        run=run_text,
    )
    return environment


def _markdown(text: object) -> str:
    """Escape markup in untrusted text."""
    return _MARKDOWN_MARKS.sub(r"\\\1", " ".join(str(text).split()))
