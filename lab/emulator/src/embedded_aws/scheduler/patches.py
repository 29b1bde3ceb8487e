"""Lets schedules start builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import eventbridge, iam, scheduler

from embedded_aws.cloudformation.wrapping import before
from embedded_aws.patching import rely_on, replace
from embedded_aws.scheduler import schedules
from embedded_aws.scheduler.targets import Targets

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


def install(settings: Settings) -> None:
    """Adds builds to what schedules and rules start, and refuses schedules that would do something else than on AWS."""
    rely_on(eventbridge, "_parse_rate_seconds", "_parse_cron_fields")
    rely_on(scheduler, "_at_time_epoch")
    rely_on(iam, "_roles")
    replace(eventbridge, "_invoke_target", Targets(settings).starting_builds)
    before(schedules.SCHEDULE, schedules.check)
