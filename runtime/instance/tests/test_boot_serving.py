"""A boot that succeeds: the server answers, and CloudFormation is signalled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import fleet as fleets
import instance
import pytest
from fleet import Fleet, cpu

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = fleets.CAN_BOOT
HELD_OUT = instance.ROOT / "examples" / "digits" / "held_out.json"


def test_serves_the_published_model_and_signals_success(fleet: Fleet) -> None:
    booted = fleet.boot()

    assert booted.code == 0, booted.output
    assert fleet.stack.status() == "CREATE_COMPLETE"
    assert fleet.log() == ["SUCCESS"]
    status, metadata = fleet.answer("/v1/models/digits/metadata")
    assert (status, metadata["model_spec"]["version"]) == (200, "7")
    held_out = json.loads(HELD_OUT.read_text())[:20]
    _, answer = fleet.answer("/v1/models/digits:predict", {"instances": [entry["image"] for entry in held_out]})
    decided = [max(range(10), key=row.__getitem__) for row in answer["predictions"]]
    assert sum(digit == entry["label"] for digit, entry in zip(decided, held_out, strict=True)) >= 19
    command = booted.run("tr '\\0' ' ' < /proc/$(cat /run/units/model-server.service/pid)/cmdline")[1]
    unit = booted.run("grep ^ExecStart= /etc/systemd/system/model-server.service")[1]
    assert command.strip().endswith(unit.strip().partition("/usr/bin/tensorflow_model_server ")[2])

    # Run the user data again, as after a reboot: nothing is fetched or restarted, and nobody waits.
    before = booted.run("cat /run/units/model-server.service/pid; stat -c %Y:%i /models/digits/7")[1]
    fleet.s3.delete_object(Bucket=fleet.bucket, Key="server")
    assert booted.run("bash /var/lib/cloud/user-data")[0] == 0
    assert booted.run("cat /run/units/model-server.service/pid; stat -c %Y:%i /models/digits/7")[1] == before
    assert "signal SUCCESS ignored, nothing waits for it" in fleet.log()[-1]


@pytest.mark.slow
def test_serves_on_a_scale_out_when_nothing_waits_for_a_signal(fleet: Fleet) -> None:
    booted = fleet.boot(waits=False)

    assert booted.code == 0, booted.output
    assert fleet.serves()
    assert fleet.log()[0] == "SUCCESS"
    assert "signal SUCCESS ignored, nothing waits for it" in fleet.log()[1]


@pytest.mark.slow
def test_serves_with_onednn_off_if_the_processor_lacks_bfloat16_and_that_is_allowed(
    fleet: Fleet, tmp_path: Path
) -> None:
    booted = fleet.boot(cpu_features=["bf16"], missing="disable_onednn", cpuinfo=cpu(tmp_path, "avx2"))

    assert booted.code == 0, booted.output
    environment = booted.run("tr '\\0' '\\n' < /proc/$(cat /run/units/model-server.service/pid)/environ")[1]
    assert "TF_ENABLE_ONEDNN_OPTS=0" in environment.splitlines()
    assert fleet.serves()
