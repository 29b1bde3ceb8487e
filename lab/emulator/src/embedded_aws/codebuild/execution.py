"""Executes one build from its source to its artifacts."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.codebuild import bytecode
from embedded_aws.codebuild.buildspec import Buildspec, BuildspecError, parse_buildspec
from embedded_aws.codebuild.phases import Record, run_phases
from embedded_aws.codebuild.python_image import make_python
from embedded_aws.codebuild.shell import Shell, ShellStoppedError
from embedded_aws.codebuild.transfer import ObjectStore, SourceError, fetch_source, upload_artifacts
from embedded_aws.host.index_environment import index_environment
from embedded_aws.host.pythons import HostPython, find_python, newest_python

if TYPE_CHECKING:
    from embedded_aws.codebuild.request import BuildRequest

_log = logging.getLogger("embedded_aws.codebuild")
_DEFAULT_PYTHON = "3.13"


class Clients(Protocol):
    """The services that a build reads from."""

    s3: ObjectStore

    def parameter(self, name: str) -> str:
        """The value of an SSM parameter."""

    def secret(self, reference: str) -> str:
        """The value of a secret: its id or ARN, and optionally `:<JSON key>`."""


@dataclass
class Execution:
    """One running build.

    Attributes:
        request: the project, overridden.
        record: where its course is written down.
        clients: the services that it reads from.
        variables: what CodeBuild itself sets, credentials included.
        work: a directory of its own, removed by `clean`.
        bytecode_cache: the directory that keeps the bytecode of packages from build to build.
        exported: the variables that the buildspec reports, afterwards.
    """

    request: BuildRequest
    record: Record
    clients: Clients
    variables: dict[str, str]
    work: Path
    bytecode_cache: Path
    exported: dict[str, str] = field(default_factory=dict)
    _shell: Shell | None = None
    _ended_by: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> str:
        """Runs the build.

        Returns:
            `SUCCEEDED`, `FAILED`, `FAULT`, `STOPPED` or `TIMED_OUT`.
        """
        timer = threading.Timer(self.request.timeout_seconds, self.end, ["TIMED_OUT"])
        timer.daemon = True
        timer.start()
        try:
            return self._run()
        except ShellStoppedError:
            return self._ended_by or "STOPPED"
        except Exception as error:
            _log.exception("build %s", self.variables["CODEBUILD_BUILD_ID"])
            self.record.line(f"[Container] the emulator failed to run this build: {error!r}")
            return "FAULT"
        finally:
            timer.cancel()
            if self._shell:
                self._shell.end()

    def clean(self) -> None:
        """Removes the build's files: after its end is known, because an installed TensorFlow takes seconds to go."""
        bytecode.save(self._source, self.bytecode_cache)
        subprocess.run(["/bin/rm", "-rf", str(self.work)], check=False)  # noqa: S603 - our own directory

    def end(self, status: str) -> None:
        """Ends the build early: `STOPPED` on request, `TIMED_OUT` by its limit."""
        with self._lock:
            self._ended_by = self._ended_by or status
            if self._shell:
                self._shell.stop()

    @property
    def _source(self) -> Path:
        return self.work / "src"

    def _run(self) -> str:
        source = self._source
        source.mkdir()
        self.record.begin("DOWNLOAD_SOURCE")
        try:
            extra = self._fetch(source)
            buildspec = parse_buildspec(self._buildspec_text(source))
            environment = {**self._environment(buildspec, source), **extra}
        except (SourceError, BuildspecError, LookupError) as error:
            self.record.line(f"[Container] {error}")
            self.record.end("DOWNLOAD_SOURCE", "FAILED", str(error))
            return "FAILED"
        self.record.end("DOWNLOAD_SOURCE", "SUCCEEDED")
        with self._lock:
            if self._ended_by:
                raise ShellStoppedError
            self._shell = Shell(buildspec.shell, source, environment, self.work)
        succeeded = run_phases(
            buildspec, self._shell, self.record, lambda: bytecode.restore(source, self.bytecode_cache)
        )
        self._read_exported(buildspec)
        self.record.begin("UPLOAD_ARTIFACTS")
        if succeeded:
            self._upload(buildspec, source)
        if buildspec.has_reports:
            self.record.line("[Container] the emulator does not collect reports: the reports section has no effect")
        self.record.end("UPLOAD_ARTIFACTS", "SUCCEEDED")
        return "SUCCEEDED" if succeeded else "FAILED"

    def _fetch(self, source: Path) -> dict[str, str]:
        project = self.request.project
        version = project.get("sourceVersion") if project["source"].get("type") == "S3" else None
        fetch_source(project["source"], version or None, self.clients.s3, source)
        extra = {}
        for secondary in project.get("secondarySources") or []:
            name = secondary["sourceIdentifier"]
            directory = self.work / f"src-{name}"
            directory.mkdir()
            fetch_source(secondary, None, self.clients.s3, directory)
            extra[f"CODEBUILD_SRC_DIR_{name}"] = str(directory)
        return extra

    def _buildspec_text(self, source: Path) -> str:
        text: str = self.request.project["source"].get("buildspec") or "buildspec.yml"
        if "\n" in text or text.lstrip().startswith("{"):
            return text
        path = source / text
        if not path.is_file():
            raise BuildspecError(f"YAML_FILE_ERROR: {text} does not exist in the source")
        return path.read_text(encoding="utf-8")

    def _environment(self, buildspec: Buildspec, source: Path) -> dict[str, str]:
        home, temporary = self.work / "home", self.work / "tmp"
        home.mkdir()
        temporary.mkdir()
        variables = {
            **index_environment(),
            "PATH": f"{self._python(buildspec)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PWD": str(source),
            **buildspec.variables,
        }
        for name, parameter in buildspec.parameter_store.items():
            variables[name] = self.clients.parameter(parameter)
        for name, reference in buildspec.secrets_manager.items():
            variables[name] = self.clients.secret(reference)
        # A variable of the project or the request wins over one of the buildspec, as on CodeBuild.
        for variable in self.request.environment_variables:
            variables[variable["name"]] = self._value(variable)
        return {**variables, **self.variables, "CODEBUILD_SRC_DIR": str(source)}

    def _value(self, variable: dict[str, str]) -> str:
        kind, value = variable["type"], str(variable.get("value", ""))
        if kind == "PARAMETER_STORE":
            return self.clients.parameter(value)
        if kind == "SECRETS_MANAGER":
            return self.clients.secret(value)
        return value

    def _python(self, buildspec: Buildspec) -> str:
        """Return the directories of this build's own Python, for the PATH."""
        install = buildspec.phases.get("install")
        wanted = dict(install.runtime_versions) if install else {}
        minor = wanted.pop("python", None)
        for name in wanted:
            self.record.line(f"[Container] the emulator has no runtime versions of {name}: the host's {name} is used")
        python = self._choose(minor)
        return make_python(python, self.work / "python")

    def _choose(self, minor: str | None) -> HostPython:
        if minor in {None, "latest"}:
            return find_python(_DEFAULT_PYTHON) or newest_python()
        python = find_python(str(minor))
        if python:
            self.record.line(f"[Container] Selecting 'python' runtime version '{minor}' manually...")
            return python
        python = newest_python()
        self.record.line(
            f"[Container] runtime-versions asks for Python {minor}, which this host does not have: "
            f"the build runs on Python {python.minor}",
        )
        return python

    def _read_exported(self, buildspec: Buildspec) -> None:
        for name in buildspec.exported_variables:
            lines: list[str] = []
            with contextlib.suppress(ShellStoppedError):
                if self._shell and self._shell.run(f'printf "%s\\n" "${{{name}}}"', lines.append) == 0:
                    self.exported[name] = "\n".join(lines)

    def _upload(self, buildspec: Buildspec, source: Path) -> None:
        project = self.request.project
        build_id = self.variables["CODEBUILD_BUILD_ID"]
        sections: list[tuple[dict[str, Any], dict[str, Any]]] = [(project.get("artifacts") or {}, buildspec.artifacts)]
        for artifacts in project.get("secondaryArtifacts") or []:
            section = buildspec.secondary_artifacts.get(artifacts.get("artifactIdentifier", ""))
            if section:
                sections.append((artifacts, section))
        for artifacts, section in sections:
            upload_artifacts(artifacts, section, build_id, self.clients.s3, source)


def new_work_directory(parent: Path) -> Path:
    """A directory for one build, open to its processes of other users, as a container's are."""
    directory = Path(tempfile.mkdtemp(prefix="build-", dir=parent))
    directory.chmod(0o755)
    return directory
