"""Invariants of every schedule of deliveries, by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from stacks import READY, SERVE, SOURCE

if TYPE_CHECKING:
    from account import Account, Start
    from stacks import Stack, Values, Version

ACCEPTED = "what serves was accepted"
UNASKED = "nothing that was refused or rolled back serves again unasked"
NEWEST = "the newest accepted upload serves in the end"
AGREE = "parameters, stacks and history agree"
PRUNED = "nothing that serves is pruned"
TURNS = "deliveries take turns"
TOLD = "every outcome is told"
ENDS = "every delivery ends"


class ViolationError(Exception):
    """An invariant that does not hold."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


class Invariants:
    """Watches one schedule."""

    account: Account

    def __init__(self) -> None:
        #: Uploads that were refused or rolled back, and that nobody has asked for since.
        self.withdrawn: set[str] = set()
        #: Uploads that all stacks have served.
        self.delivered: set[str] = set()
        #: Values that deliveries have ended with: told, or remembered by one that was stopped before it could tell.
        self.history: list[tuple[str, str]] = []
        #: Details of the events that deliveries have sent.
        self.told: list[dict[str, Any]] = []

    def begins(self, stack: Stack, values: Values) -> None:
        """Check what a deployment is to serve."""
        upload = self._upload_of(stack, values.source, values.serve)
        # Going back without naming a version of this stack's model asks for the source.
        is_unnamed = values.serve != "built" and stack.prefix not in values.serve
        if upload in self.withdrawn and not is_unnamed:
            self._fail(UNASKED, f"{stack.name} is to serve {upload}")

    def serves(self, stack: Stack, version: Version) -> None:
        """Check what a stack serves from now on."""
        if version.upload in self.account.stacks.refused:
            self._fail(ACCEPTED, f"{stack.name} serves {version.upload}")
        self.keeps(stack, version)

    def keeps(self, stack: Stack, version: Version) -> None:
        """Check the files of what a stack serves."""
        gone = [key for key in version.files if key not in self.account.artifacts.objects]
        if gone:
            self._fail(PRUNED, f"{stack.name} serves {version.manifest_key}, and {', '.join(gone)} is gone")

    def deleted(self, key: str) -> None:
        """Check an object that was deleted."""
        for stack in self.account.stacks.stacks.values():
            if stack.version is not None and key in stack.version.files:
                self._fail(PRUNED, f"{stack.name} serves {key}, which was deleted")

    def writes(self, start: Start, what: str) -> None:
        """Check who changes something."""
        owner = self.account.item.get("Owner", {}).get("S")
        if owner != start.arn:
            self._fail(TURNS, f"{start.name} writes {what}, and the turn is {owner}'s")

    def takes(self, start: Start) -> None:
        """Note what somebody asks for whose turn has come."""
        if start.given.get("event"):
            return
        serve, version = start.given.get("serve"), start.given.get("objectVersion")
        if serve == "built":
            self.withdrawn.clear()
        elif serve is not None:
            self.withdrawn -= self._uploads(serve)
        elif version is not None:
            self.withdrawn.discard(version)
        else:  # it looks for the newest one before it gets its turn, and again after each wait
            self.withdrawn -= {upload.version for upload in self.account.uploads[start.uploads - 1 :]}

    def hears(self, start: Start, detail: dict[str, Any]) -> None:
        """Check an outcome, and note what it withdraws."""
        self.told.append(detail)
        stacks = self.account.stacks.stacks.values()
        serving = {stack.version.upload for stack in stacks if stack.version is not None}
        told = detail["objectVersion"], detail["serve"]
        if detail["outcome"] == "ROLLED_BACK" and "serve" not in start.given:
            self.withdrawn |= {detail["objectVersion"]} - serving
        if detail["outcome"] != "DELIVERED":
            return
        self.history.append(told)
        for stack in stacks:
            values = stack.values
            if stack.name not in detail["skipped"] and values and (values.source, values.serve) != told:
                self._fail(AGREE, f"{start.name} tells that {told} was delivered, and {stack.name} has {values}")
        newest = self.account.uploads[-1].version
        if "serve" in start.given or start.given.get("objectVersion", newest) != newest:
            self.withdrawn |= (self._uploads(detail["before"]) & self.delivered) - serving
        self.delivered |= serving

    def ended(self) -> None:
        """Check what is left."""
        account = self.account
        parameters = account.parameters.values
        if account.item.keys() - {"Id", "Handled"}:
            self._fail(ENDS, f"the item is left as {account.item}")
        for start in account.starts:
            outcome = start.execution.output.get("outcome", "SUPERSEDED")
            told = [detail["outcome"] for detail in self.told if detail["executionArn"] == start.arn]
            if outcome != "SUPERSEDED" and outcome not in told:
                self._fail(TOLD, f"{start.name} ended as {outcome}")
        if self.history[-1] != (parameters[SOURCE], parameters[SERVE]):
            self._fail(AGREE, f"the last delivery was {self.history[-1]}, and the parameters are {parameters}")
        for stack in account.stacks.stacks.values():
            self._agrees(stack)
        self._serves_newest()

    def _agrees(self, stack: Stack) -> None:
        parameters = self.account.parameters.values
        if stack.version is None or stack.status not in READY:
            return
        if stack.version.upload != self._upload_of(stack, parameters[SOURCE], parameters[SERVE]):
            self._fail(AGREE, f"{stack.name} serves {stack.version}, and the parameters are {parameters}")

    def _serves_newest(self) -> None:
        """Check what serves, where nobody has asked for something else since the upload and no alarm went off."""
        account, newest = self.account, self.account.uploads[-1]
        asked = any(
            detail["outcome"] == "DELIVERED" and (detail["objectVersion"], detail["serve"]) != (newest.version, "built")
            for detail in self.told[newest.told :]
        )
        if newest.version in account.stacks.refused or account.stacks.alarms or asked:
            return
        for stack in account.stacks.stacks.values():
            if stack.version is not None and stack.version.upload != newest.version:
                self._fail(NEWEST, f"{stack.name} serves {stack.version.upload}, and the newest is {newest.version}")

    def _upload_of(self, stack: Stack, source: str, serve: str) -> str:
        """Return what the parameters say of a stack's model: a version that they name, or what is built."""
        entries = [] if serve == "built" else json.loads(serve)
        own = [entry for entry in entries if entry["manifestKey"].startswith(f"{stack.prefix}/")]
        return next(iter(self._uploads(own)), source)

    def _uploads(self, entries: list[dict[str, Any]]) -> set[str]:
        keys = {entry["manifestKey"] for entry in entries}
        return {version.upload for version in self.account.stacks.versions.values() if version.manifest_key in keys}

    def _fail(self, name: str, what: str) -> NoReturn:
        self.account.scheduler.fail(ViolationError(name, what))
