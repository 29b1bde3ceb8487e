"""Loaded models and versions: those that the configuration asks for and the file system has."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stand_in_server.configuration import ModelConfiguration, from_flags
from stand_in_server.errors import CallError, NotFoundError
from stand_in_server.servable import Servable

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("stand_in_server")
_FOREVER = 1e9


@dataclass
class Version:
    """One version on its way up or down."""

    state: str = "START"
    error: str = ""
    servable: Servable | None = None


class Models:
    """Loads and unloads. One thread does all of it, as the server does with num_load_threads=0."""

    def __init__(self, flags: Mapping[str, Any]) -> None:
        self._flags = flags
        self._lock = threading.Lock()
        self._configured = {model.name: model for model in from_flags(dict(flags))}
        self._versions: dict[str, dict[int, Version]] = {name: {} for name in self._configured}

    def serve(self) -> str:
        """Load every configured model.

        Returns:
            Why the server cannot start, or an empty text. Waits for ever where a model has no version.
        """
        period = self._flags["file_system_poll_wait_seconds"]
        started = time.monotonic()
        while True:
            self._scan()
            with self._lock:
                states = {name: list(versions.values()) for name, versions in self._versions.items()}
            if all(any(version.state == "AVAILABLE" for version in versions) for versions in states.values()):
                return ""
            elapsed = time.monotonic() - started
            # A server that cannot start ends only at the next look at the directories.
            time.sleep(period * (math.floor(elapsed / period) + 1) - elapsed if period > 0 else _FOREVER)
            failed = [version.error for versions in states.values() for version in versions if version.state == "END"]
            if failed:
                return failed[0]

    def watch(self) -> None:
        """Follow the file system from now on."""
        threading.Thread(target=self._follow, daemon=True, name="models").start()

    def find(self, name: str, version: int | None = None) -> tuple[int, Servable]:
        """Return a loaded version: the one asked for, or the latest.

        Raises:
            NotFoundError: there is none.
            CallError: there is no name.
        """
        if not name:
            raise CallError("ModelSpec has no name specified.")
        with self._lock:
            loaded = {
                number: known.servable
                for number, known in self._versions.get(name, {}).items()
                if known.state == "AVAILABLE" and known.servable
            }
        wanted = version if version is not None else max(loaded, default=None)
        if wanted is None or wanted not in loaded:
            what = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise NotFoundError(f"Servable not found for request: {what}")
        return wanted, loaded[wanted]

    def states(self, name: str, version: int | None = None) -> list[tuple[int, str, str]]:
        """Return number, state and error of the known versions, the newest first.

        Raises:
            NotFoundError: nothing is known of them.
        """
        with self._lock:
            known = self._versions.get(name, {})
            found = [(number, each.state, each.error) for number, each in known.items() if version in {None, number}]
        if not found:
            raise NotFoundError(f"Could not find any versions of model {name}")
        return sorted(found, reverse=True)

    def _follow(self) -> None:
        while period := self._flags["file_system_poll_wait_seconds"]:
            time.sleep(period)
            self._scan()

    def _scan(self) -> None:
        """Load what has appeared, unload what has disappeared."""
        for model in self._configured.values():
            wanted, known = _aspired(model), self._versions[model.name]
            for number in [number for number in wanted or [] if number not in known]:
                self._load(model, number)
            # If the base path cannot be listed, all stays as it is.
            for number in [number for number in known if wanted is not None and number not in wanted]:
                self._unload(model.name, number)

    def _load(self, model: ModelConfiguration, number: int) -> None:
        version = Version()
        with self._lock:
            self._versions[model.name][number] = version
            version.state = "LOADING"
        retries = self._flags["max_num_load_retries"]
        for attempt in range(retries + 1):
            try:
                version.servable = Servable(_directory(model, number), self._flags)
            except Exception as error:
                log.warning("loading %s version %d failed: %s", model.name, number, error)
                version.error = str(error).splitlines()[0] if str(error) else type(error).__name__
                if attempt < retries:
                    time.sleep(self._flags["load_retry_interval_micros"] / 1e6)
            else:
                with self._lock:
                    version.state, version.error = "AVAILABLE", ""
                log.info("Successfully loaded servable version {name: %s version: %d}", model.name, number)
                return
        version.state = "END"

    def _unload(self, name: str, number: int) -> None:
        with self._lock:
            version = self._versions[name].pop(number)
        if version.servable:
            version.servable.close()
        log.info("unloaded %s version %d", name, number)


def _numbers(model: ModelConfiguration) -> dict[int, str] | None:
    """Return the directories of versions; nothing where the base path cannot be listed."""
    try:
        if remote := re.match(r"(\w+):/", str(model.base_path)):
            raise OSError(0, f"File system scheme '{remote[1]}' not implemented")
        names = [entry.name for entry in model.base_path.iterdir() if entry.is_dir()]
    except OSError as error:
        log.warning("cannot list %s: %s", model.base_path, error.strerror)
        return None
    return {int(name): name for name in names if name.isascii() and name.isdigit()}


def _aspired(model: ModelConfiguration) -> list[int] | None:
    """A version counts as soon as its directory exists. Where the base path cannot be listed, all stays as it is."""
    present = _numbers(model)
    if present is None:
        return None
    if model.versions is None:
        return [max(present)] if present else []
    for missing in sorted(model.versions - set(present)):
        log.warning(
            "Version %d of servable %s, which was requested to be served as a 'specific' version in the servable's "
            "version policy, was not found in the file system",
            missing,
            model.name,
        )
    return sorted(model.versions & set(present))


def _directory(model: ModelConfiguration, number: int) -> Any:
    return model.base_path / (_numbers(model) or {})[number]
