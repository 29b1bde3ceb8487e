"""junit.xml: each rule of the gate, applied to each candidate, as a test case for CodeBuild's console."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..documents.outcome import Candidate, CandidateStatus
from ..errors import ExitCode
from .figures import small

if TYPE_CHECKING:
    from .content import Report

#: Characters that XML cannot contain, even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> bytes:
    """Return the document."""
    root = ET.Element("testsuites", {"name": _plain(report.job.model)})
    build = ET.SubElement(root, "testsuite", {"name": "build"})
    case = ET.SubElement(build, "testcase", {"classname": _plain(report.job.model), "name": "optimization"})
    if report.exit_code is ExitCode.GATE:
        ET.SubElement(case, "failure", {"message": _plain(report.sentence)})
    elif report.exit_code is not ExitCode.DONE:
        ET.SubElement(case, "error", {"message": _plain(report.sentence)})
    for candidate in report.candidates:
        _suite(root, report.job.model, candidate)
    for suite in [*root]:
        cases = list(suite)
        suite.set("tests", str(len(cases)))
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(root: ET.Element, model: str, candidate: Candidate) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": _plain(candidate.name)})
    classname = _plain(f"{model}.{candidate.name}")
    if candidate.status in {CandidateStatus.FAILED, CandidateStatus.SKIPPED} or not candidate.rules:
        case = ET.SubElement(suite, "testcase", {"classname": classname, "name": "candidate"})
        if candidate.status is CandidateStatus.FAILED:
            ET.SubElement(case, "error", {"message": _plain(candidate.reason)})
        elif candidate.status is CandidateStatus.SKIPPED:
            ET.SubElement(case, "skipped", {"message": _plain(candidate.reason)})
        elif candidate.status is CandidateStatus.REJECTED:
            ET.SubElement(case, "failure", {"message": _plain(candidate.reason)})
    for rule in candidate.rules:
        name = f"{rule.rule} {small(rule.limit)}"
        case = ET.SubElement(suite, "testcase", {"classname": classname, "name": _plain(name)})
        if not rule.passed:
            ET.SubElement(case, "failure", {"message": _plain(rule.sentence)})
        else:
            ET.SubElement(case, "system-out").text = _plain(rule.sentence)


def _plain(text: str) -> str:
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
