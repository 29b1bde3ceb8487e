"""The instance metadata service, from which the AWS CLI has its credentials, accepts connections and does not answer.

The instances of this test have no credentials besides. The service is at an address of their own, which the AWS CLI is
told, because their network is the embedded AWS's alone.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import fleet as fleets
import pytest

if TYPE_CHECKING:
    from fleet import Fleet

pytestmark = [*fleets.CAN_BOOT, pytest.mark.slow]

# The kernel accepts connections to a socket that nobody reads from.
SILENT = "import socket, time; held = socket.create_server(('127.0.0.1', 8169)); time.sleep(3600)"
HANGING = f"""
if [ ! -e /run/answers ]; then
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED
  export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:8169
  mkdir /run/asked 2> /dev/null && (setsid python3 -c {shlex.quote(SILENT)} > /dev/null 2>&1 &)
fi
"""
NO_CREDENTIALS = "Unable to locate credentials"


@pytest.mark.fault
def test_an_instance_without_credentials_ends_its_boot_in_time_and_does_not_serve(fleet: Fleet) -> None:
    booted = fleet.boot(aws_command=HANGING, seconds=30)

    assert booted.code == 1
    assert f"FAILURE: fatal error: {NO_CREDENTIALS}" in booted.output
    assert "the line above did not reach CloudWatch Logs" in booted.output
    assert f"signal FAILURE not sent: {NO_CREDENTIALS}" in " ".join(booted.output.split())
    assert fleet.log() == []
    assert not fleet.serves()


@pytest.mark.fault
def test_an_instance_that_gets_credentials_late_serves(fleet: Fleet) -> None:
    late = "(sleep 8; touch /run/answers) > /dev/null 2>&1 &"
    booted = fleet.boot(aws_command=f"{HANGING}\nmkdir /run/waiting 2> /dev/null && {late}")

    assert booted.code == 0, booted.output
    assert booted.run("ls -d /run/asked")[0] == 0
    assert fleet.stack.status() == "CREATE_COMPLETE"
    assert fleet.log() == ["SUCCESS"]
    assert fleet.serves()
