"""Trust policies: which services may assume a role."""

from __future__ import annotations

import json
from typing import Any


def trusts(role: dict[str, Any] | None, service: str) -> bool:
    """Tells whether a service may assume a role.

    Args:
        role: IAM's record, or None where there is no such role.
        service: such as `codebuild.amazonaws.com`.
    """
    document = (role or {}).get("AssumeRolePolicyDocument")
    if isinstance(document, str):
        document = json.loads(document)
    statements = (document or {}).get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        services = (statement.get("Principal") or {}).get("Service") or []
        if service in ([services] if isinstance(services, str) else services):
            return True
    return False
