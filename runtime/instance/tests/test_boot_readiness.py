"""The last phase of a boot: the load balancer finds the instance healthy."""

from __future__ import annotations

import fleet as fleets
import pytest
from fleet import Fleet

pytestmark = [*fleets.CAN_BOOT, pytest.mark.slow]


@pytest.mark.fault
def test_a_verified_server_keeps_running_if_the_load_balancer_cannot_be_queried(fleet: Fleet) -> None:
    denied = "An error occurred (AccessDenied) when calling the DescribeTargetHealth operation"
    booted = fleet.boot(aws_command=f'case "$*" in elbv2*) echo "{denied}" >&2; exit 254 ;; esac', seconds=60)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith("FAILURE: the model answers, but Elastic Load Balancing cannot be asked ")
    assert denied in line
    assert fleet.serves()
    assert booted.run("ls /etc/systemd/system/multi-user.target.wants/model-server.service")[0] == 0


def test_success_is_signalled_only_when_both_ports_get_requests(fleet: Fleet) -> None:
    booted = fleet.boot(registered=("Rest",), seconds=60)

    assert booted.code == 1
    [line] = fleet.log()
    assert "the load balancer does not find this instance healthy for gRPC" in line
    assert fleet.serves()
