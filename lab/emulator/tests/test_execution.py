"""One build: its limit, which the API counts in minutes, and what it leaves for the next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.codebuild.execution import Execution
from embedded_aws.codebuild.request import BuildRequest, build_request

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Notes:
    lines: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def begin(self, phase: str) -> None: ...

    def end(self, phase: str, status: str, message: str = "") -> None: ...


class NoClients:
    s3: Any = None

    def parameter(self, name: str) -> str:
        raise LookupError(name)

    def secret(self, reference: str) -> str:
        raise LookupError(reference)


class ShortRequest(BuildRequest):
    @property
    def timeout_seconds(self) -> int:
        return 1


def test_a_build_over_its_limit_is_ended(tmp_path: Path) -> None:
    spec = "version: 0.2\nphases: {build: {commands: [echo started, sleep 100, echo never]}}"
    project = build_request({"name": "p", "source": {"type": "NO_SOURCE", "buildspec": spec}}, {}).project
    notes = Notes()
    variables, caches = {"CODEBUILD_BUILD_ID": "p:1"}, tmp_path / "caches"
    execution = Execution(ShortRequest(project), notes, NoClients(), variables, tmp_path / "w", caches)
    execution.work.mkdir()
    assert execution.run() == "TIMED_OUT"
    assert "never" not in notes.lines
    execution.clean()
    assert not execution.work.exists()


def test_the_bytecode_of_a_builds_packages_is_there_when_the_next_build_begins(tmp_path: Path) -> None:
    wheel = tmp_path / "wheel"
    (wheel / "digits-1.0.dist-info").mkdir(parents=True)
    (wheel / "digits-1.0.dist-info" / "RECORD").write_text("digits.py,,\n")
    (wheel / "digits.py").write_text("NUMBER = 1\n")
    packages = ".venv/lib/python3.13/site-packages"
    spec = {
        "version": "0.2",
        "phases": {
            "install": {"commands": [f"mkdir -p {packages} && touch .venv/pyvenv.cfg && cp -al {wheel}/. {packages}"]},
            "build": {
                "commands": [
                    f"echo compiled: $(ls {packages}/__pycache__ 2>/dev/null | wc -l)",
                    f"PYTHONPATH={packages} python3 -c 'import digits'",
                ]
            },
        },
    }
    project = {"name": "p", "source": {"type": "NO_SOURCE", "buildspec": json.dumps(spec)}}
    found = []
    for name in ("first", "second"):
        notes, variables = Notes(), {"CODEBUILD_BUILD_ID": "p:1"}
        request = build_request(project, {})
        execution = Execution(request, notes, NoClients(), variables, tmp_path / name, tmp_path / "caches")
        execution.work.mkdir()
        assert execution.run() == "SUCCEEDED", notes.lines
        execution.clean()
        found += [line for line in notes.lines if line.startswith("compiled: ")]

    assert found == ["compiled: 0", "compiled: 1"]


def test_the_limit_of_the_request_wins_over_the_projects() -> None:
    project = {"name": "p", "timeoutInMinutes": 60}
    assert build_request(project, {}).timeout_seconds == 3600
    assert build_request(project, {"timeoutInMinutesOverride": 5}).timeout_seconds == 300
