"""profile.json: how a model's inputs and answers were distributed in the evaluation data.

It has counts of bins and of frequent categories, and no row of the data.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .document import Document, Figure

PROFILE_FILE = "profile.json"


class Direction(StrEnum):
    """Direction of a tensor: clients send it, or get it."""

    INPUT = "input"
    OUTPUT = "output"


class Summary(StrEnum):
    """The one number or category that a feature takes from a tensor of a sample."""

    ELEMENT = "element"
    """The element with the feature's index, in row-major order."""
    MEAN = "mean"
    DEVIATION = "deviation"
    """The standard deviation."""
    CELL = "cell"
    """The mean of one cell of a grid over the first two dimensions; of one segment of a vector."""
    CLASS = "class"
    """The decision: the greatest score, or whether the only score is above the threshold."""
    SCORE = "score"
    """The greatest score."""
    TEXT = "text"
    LENGTH = "length"
    """Length of the text in bytes; of all texts together, where a sample has several."""


class ProfiledTensor(Document):
    """An input or output of the profiled signature."""

    dtype: str
    """NumPy's name, or `string`."""
    shape: list[int]
    """Shape of one sample; -1: any size."""


class Feature(Document):
    """The distribution of one number or category."""

    direction: Direction
    tensor: str
    summary: Summary
    index: int | None = None
    """Index of the element or cell."""
    threshold: float | None = None
    """Threshold of the decision by one score."""
    edges: list[float] | None = None
    """Numbers: the upper ends of all bins but the last, which has no end; the first has no beginning."""
    categories: list[str] | None = None
    """Categories, by falling frequency; all others are counted together, after the last."""
    counts: list[Annotated[int, Field(ge=0)]]
    """Samples in each bin or category."""
    mean: Figure | None = None
    """Mean of numbers; absent for categories."""

    @model_validator(mode="after")
    def _counts_fit(self) -> Feature:
        if (self.edges is None) == (self.categories is None):
            raise ValueError("a feature has either edges or categories")
        known = self.edges if self.edges is not None else self.categories
        if len(self.counts) != len(known or []) + 1:
            raise ValueError("counts has one number more than edges or categories")
        if self.edges is not None and sorted(set(self.edges)) != self.edges:
            raise ValueError("edges must rise")
        return self

    @property
    def label(self) -> str:
        """Name for people."""
        of = {Summary.ELEMENT: "", Summary.CELL: f" cell {(self.index or 0) + 1}"}.get(self.summary, f" {self.summary}")
        element = f"[{self.index}]" if self.summary is Summary.ELEMENT and self.index is not None else ""
        return f"{self.direction} {self.tensor}{element}{of}"


class Profile(Document):
    """profile.json."""

    schema_version: Literal[1] = 1
    model: str
    signature: str
    """The profiled signature: the default one."""
    batched: bool
    """A sample is one row of a request; otherwise a whole request."""
    samples: Annotated[int, Field(ge=1)]
    inputs: dict[str, ProfiledTensor]
    outputs: dict[str, ProfiledTensor]
    features: list[Feature]
    omitted_features: int = 0
    """Features beyond the limit, of which nothing is recorded."""

    def to_json(self) -> str:
        """Return the text that is written to disk, without spaces: it is for programs."""
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return json.dumps(data, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
