"""Builds of all endings, for the tests of this directory."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from tensorflow_optimizer.documents.job import Evaluation, Identity, Job, Recipe, Source, Toolchain
from tensorflow_optimizer.documents.manifest import (
    Draft,
    LiteRtTensor,
    Requirements,
    Runtime,
    Signature,
    SourceRecord,
    Tensor,
    TensorQuantization,
)
from tensorflow_optimizer.documents.outcome import (
    Candidate,
    CandidateStatus,
    EvidenceKind,
    Metrics,
    Outcome,
    OutputMetrics,
    RuleResult,
)
from tensorflow_optimizer.errors import ExitCode


def job(**changes: Any) -> Job:
    usual: dict[str, Any] = {
        "model": "digits",
        "format": "litert",
        "source": Source(packaging="zip", identity=Identity(digest="a" * 64)),
        "evaluation": Evaluation(packaging="file", file_name="e.npz", identity=Identity(digest="b" * 64)),
        "recipe": Recipe(kind="forLiteRt"),
        "toolchain": Toolchain(behavior_version=1, tensorflow="2.20.0", litert="2.3.0"),
    }
    return Job(**{**usual, **changes})


def metrics(
    size: int, *, ratio: float | None = None, evidence: EvidenceKind = EvidenceKind.LABELS, **known: Any
) -> Metrics:
    """Return what was measured; `known` holds fields of the one output, or `outputs` for several."""
    outputs = known.pop("outputs", None) or {"probabilities": known}
    return Metrics(
        evidence=evidence,
        samples=600,
        size_bytes=size,
        latency_milliseconds=None if ratio is None else ratio * 0.4,
        latency_ratio=ratio,
        outputs={name: OutputMetrics(**{"task": "multiclass", **output}) for name, output in outputs.items()},
    )


def rule(passed: bool, sentence: str, name: str = "maxAccuracyLoss") -> RuleResult:
    return RuleResult(rule=name, limit=0.01, measured=0.015, passed=passed, sentence=sentence)


ORIGINAL = metrics(1_880_000, accuracy=0.983).model_copy(update={"latency_milliseconds": 0.61})
REJECTED = Candidate(
    name="dynamicRange",
    status=CandidateStatus.REJECTED,
    reason="accuracy loss 1.50 points, at most 1.00",
    metrics=metrics(
        475_000,
        ratio=0.29,
        accuracy=0.968,
        accuracy_loss=0.015,
        accuracy_loss_interval=(0.004, 0.027),
        agreement=0.972,
        relative_error=0.031,
    ),
    rules=[
        rule(False, "accuracy loss 1.50 points, at most 1.00"),
        rule(True, "0.48 MB, at most 1.00 MB", "maxSizeBytes"),
    ],
)
CHOSEN = Candidate(
    name="float16",
    status=CandidateStatus.CHOSEN,
    metrics=metrics(
        942_000,
        ratio=1.02,
        accuracy=0.983,
        accuracy_loss=0.0,
        accuracy_loss_interval=(-0.003, 0.003),
        agreement=1.0,
        relative_error=0.0004,
    ),
    rules=[rule(True, "accuracy loss 0.00 points, at most 1.00")],
)
SKIPPED = Candidate(name="float32", status=CandidateStatus.SKIPPED, reason="float16 passed before it")


def accepted(**changes: Any) -> Outcome:
    usual: dict[str, Any] = {
        "exit_code": ExitCode.DONE,
        "sentence": "float16 passed: 1.88 MB became 0.94 MB",
        "original": ORIGINAL,
        "candidates": [REJECTED, CHOSEN, SKIPPED],
    }
    return Outcome(**{**usual, **changes})


def refused() -> Outcome:
    lost = CHOSEN.model_copy(update={"status": CandidateStatus.REJECTED, "reason": "it loses too much"})
    return Outcome(
        exit_code=ExitCode.GATE,
        sentence="no candidate passed the gate; give a larger limit",
        original=ORIGINAL,
        candidates=[REJECTED, lost],
    )


def draft(**changes: Any) -> Draft:
    quantization = TensorQuantization(scale=0.0039, zero_point=-128)
    inside = LiteRtTensor(dtype="int8", shape=[1, 28, 28], quantization=quantization)
    usual: dict[str, Any] = {
        "model": "digits",
        "format": "litert",
        "architecture": "x86_64",
        "size_bytes": 942_000,
        "default_signature": "serving_default",
        "signatures": {
            "serving_default": Signature(
                batched=True,
                inputs={"image": Tensor(dtype="float32", shape=[-1, 28, 28], tensor=inside)},
                outputs={"probabilities": Tensor(dtype="float32", shape=[-1, 10])},
            )
        },
        "source": SourceRecord(digest="e" * 64, format="saved_model", tensorflow_version="2.20.0"),
        "recipe": Recipe(kind="forLiteRt"),
        "candidate": "float16",
        "unverified": False,
        "original": ORIGINAL,
        "evaluation": CHOSEN.metrics,
        "gate": None,
        "gate_results": CHOSEN.rules,
        "requirements": Requirements(runtime=Runtime.NATIVE, peak_memory_mebibytes=41.2),
        "latency_milliseconds": 0.408,
        "tools": {"tensorflow": "2.20.0"},
    }
    return Draft(**{**usual, **changes})


class Page(HTMLParser):
    """A page as a browser reads it: its text, its tags, and all that it would load."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.unclosed: list[str] = []
        self.rows: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]
        self.loads += [value for value in named if not value.startswith("#")]  # that is a part of the page
        self.loads += [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.unclosed.append(tag)
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "style" in self.unclosed:
            return
        self.text += " ".join(data.split()) + " " if data.strip() else ""
        if "tr" in self.unclosed:
            self.rows[-1] += " ".join(data.split()) + " " if data.strip() else ""
