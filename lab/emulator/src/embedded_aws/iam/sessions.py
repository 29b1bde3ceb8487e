"""Temporary credentials of a role, for what AWS itself gives one to."""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services import iam, sts


def session_of(role: str, name: str) -> dict[str, str]:
    """The variables that make a program the session of a role."""
    account, role_name = role.split(":")[4], role.rsplit("/", 1)[-1]
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32)
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
        "UserId": f"{role_name}:{name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def caller_of(access_key_id: str) -> str:
    """The ARN of whose key it is: of a session, or of the account."""
    return str((sts._sessions.get(access_key_id) or {}).get("Arn") or "the account")


def role_of_profile(profile: dict[str, Any]) -> str | None:
    """The ARN of the role of an instance profile, which is given by `Arn` or `Name`; None where there is none."""
    name = str(profile.get("Name") or str(profile.get("Arn", "")).rsplit("/", 1)[-1])
    roles = (iam._instance_profiles.get(name) or {}).get("Roles") or []
    if not roles:
        return None
    role = iam._roles.get(roles[0]) if isinstance(roles[0], str) else roles[0]
    return str(role["Arn"]) if role else None
