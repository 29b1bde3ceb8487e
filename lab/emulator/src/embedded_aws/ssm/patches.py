"""Answers every public image parameter."""

from __future__ import annotations

from ministack.services import ssm

from embedded_aws.patching import replace
from embedded_aws.ssm import api


def install() -> None:
    """Adds the parameters that MiniStack lacks."""
    replace(ssm, "_public_parameter", api.with_images)
