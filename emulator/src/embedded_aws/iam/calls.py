"""A file with every judged request of a role, one line of JSON each, to compare what roles use with what they may."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class CallFile:
    """Appends judged requests, from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")

    def add(self, caller: str, action: str, resource: str, conditions: dict[str, Any] | None, *, allowed: bool) -> None:
        """Append one request.

        Args:
            caller: ARN of the role's session.
            action: What it asked for, as policies name it.
            resource: ARN of what it asked for, or `*`.
            conditions: Values of the request's condition keys.
            allowed: What IAM said.
        """
        call = {
            "role": caller.split("/")[1],
            "action": action,
            "resource": resource,
            "allowed": allowed,
            "conditions": conditions or {},
        }
        line = json.dumps(call, sort_keys=True, default=str)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
