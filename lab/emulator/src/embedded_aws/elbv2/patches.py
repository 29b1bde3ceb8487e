"""Lets load balancers forward connections and check the health of targets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ministack.services import alb

from embedded_aws.cloudformation.wrapping import after, before, before_delete
from embedded_aws.elbv2 import api, resources
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.elbv2.balancers import Balancers


def install(balancers: Balancers) -> None:
    """Lets the three types act on `balancers`."""
    rely_on(alb, "_lbs", "_tgs", "_p", "_xml", "_parse_targets_param")
    before(resources.LOAD_BALANCER, resources.check_load_balancer)
    before(resources.TARGET_GROUP, resources.check_target_group)
    before(resources.LISTENER, resources.check_listener)
    after(resources.TARGET_GROUP, partial(resources.apply_group, balancers))
    after(resources.LISTENER, partial(resources.apply_listener, balancers))
    before_delete(resources.TARGET_GROUP, balancers.remove_group)
    before_delete(resources.LISTENER, balancers.silence)
    replace(alb, "_ACTION_MAP", lambda original: api.with_real_health(original, balancers))
