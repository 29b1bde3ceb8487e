"""A file with every judged request of a role and with what the roles of stacks may do, to compare both."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class CallFile:
    """Appends lines of JSON, from any thread."""

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
        self._append(call)

    def add_stack(self, stack: str, resources: dict[str, str], allowed: dict[str, list[dict[str, Any]]]) -> None:
        """Append what the roles of a stack may do.

        Args:
            stack: Its name.
            resources: Paths of constructs, or logical ids in a template without paths, by physical id.
            allowed: What the policies of each role allow, by the role's name.
        """
        self._append({"stack": stack, "resources": resources, "allowed": allowed})

    def _append(self, content: dict[str, Any]) -> None:
        line = json.dumps(content, sort_keys=True, default=str)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
