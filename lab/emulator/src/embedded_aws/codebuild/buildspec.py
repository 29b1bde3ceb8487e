"""Reads a buildspec."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(ValueError):
    """A buildspec that CodeBuild would refuse."""


@dataclass(frozen=True)
class Phase:
    """One phase of a buildspec.

    Attributes:
        commands: in order; the first that fails ends the phase.
        finally_commands: run in any case.
        on_failure: `ABORT` or `CONTINUE`.
        runtime_versions: of the install phase, as written.
    """

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: str | None = None
    runtime_versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Buildspec:
    """A parsed buildspec.

    Attributes:
        phases: by name; a missing one does nothing.
        shell: `sh` or `bash`.
        variables: plain environment variables.
        parameter_store: variables read from SSM parameters.
        secrets_manager: variables read from secrets.
        exported_variables: names that the build reports.
        artifacts: as written.
        secondary_artifacts: as written, by identifier.
        has_reports: whether it has a reports section, which is not collected.
    """

    phases: dict[str, Phase]
    shell: str = "sh"
    variables: dict[str, str] = field(default_factory=dict)
    parameter_store: dict[str, str] = field(default_factory=dict)
    secrets_manager: dict[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()
    artifacts: dict[str, Any] = field(default_factory=dict)
    secondary_artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    has_reports: bool = False


def parse_buildspec(text: str) -> Buildspec:
    """Reads YAML or JSON.

    Args:
        text: the whole buildspec.

    Raises:
        BuildspecError: it is no mapping, its version is not 0.2, or it names a phase that does not exist.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that leaves scalars as text
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(document, dict):
        raise BuildspecError("YAML_FILE_ERROR: the buildspec is not a mapping")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"YAML_FILE_ERROR: version {document.get('version')} is not supported: use version: 0.2")
    phases = document.get("phases") or {}
    if unknown := sorted(set(phases) - set(PHASES)):
        raise BuildspecError(f"YAML_FILE_ERROR: unknown phase {', '.join(unknown)}: phases are {', '.join(PHASES)}")
    environment = document.get("env") or {}
    artifacts = dict(document.get("artifacts") or {})
    return Buildspec(
        phases={name: _phase(name, value or {}) for name, value in phases.items()},
        shell=_shell(environment.get("shell", "sh")),
        variables=_texts(environment.get("variables")),
        parameter_store=_texts(environment.get("parameter-store")),
        secrets_manager=_texts(environment.get("secrets-manager")),
        exported_variables=tuple(environment.get("exported-variables") or ()),
        secondary_artifacts=artifacts.pop("secondary-artifacts", None) or {},
        artifacts=artifacts,
        has_reports=bool(document.get("reports")),
    )


class _Loader(yaml.SafeLoader):
    """Leaves numbers as they are written: `python: 3.10` is a version and not the number 3.1."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _phase(name: str, value: dict[str, Any]) -> Phase:
    on_failure = value.get("on-failure")
    if on_failure not in {None, "ABORT", "CONTINUE"}:
        raise BuildspecError(
            f"YAML_FILE_ERROR: phase {name} has on-failure {on_failure}: the emulator knows ABORT and CONTINUE"
        )
    versions = value.get("runtime-versions") or {}
    if versions and name != "install":
        raise BuildspecError(f"YAML_FILE_ERROR: runtime-versions belong to the install phase, not to {name}")
    return Phase(_commands(value.get("commands")), _commands(value.get("finally")), on_failure, _texts(versions))


def _shell(value: str) -> str:
    shell = {"/bin/sh": "sh"}.get(value, value)
    if shell not in {"sh", "bash"}:
        raise BuildspecError(f"YAML_FILE_ERROR: env.shell is {value}: on Linux it is bash or /bin/sh")
    return shell


def _commands(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(command) for command in value or ())


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in (value or {}).items()}
