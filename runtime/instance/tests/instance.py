"""Runs a synthesized launch template's user data as an instance would: in a root of its own, on the embedded AWS."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.ec2 import stock
from embedded_aws.ec2.machine import Host, Machine
from embedded_aws.host.plane import Plane

if TYPE_CHECKING:
    from running import Running

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "examples" / "digits" / "saved_model"
SERVER = f"""#!/bin/sh
# The stand-in for TensorFlow Serving.
PYTHONPATH={shlex.quote(str(ROOT / "lab" / "stand_ins"))} TF_CPP_MIN_LOG_LEVEL=2 exec {shlex.quote(sys.executable)} \\
  -m stand_in_server "$@"
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def publish(aws: Running, bucket: str, version: int = 7, cpu_features: list[str] | None = None) -> dict[str, str]:
    """Publish the example as the optimizer does: an archive, and a manifest that names every file of it."""
    s3 = aws.client("s3")
    files = {
        path.relative_to(MODEL).as_posix(): path.read_bytes() for path in sorted(MODEL.rglob("*")) if path.is_file()
    }
    files["SHA256SUMS"] = "".join(f"{sha256(content)}  {name}\n" for name, content in files.items()).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    manifest = {
        "files": [{"path": name, "size": len(content), "sha256": sha256(content)} for name, content in files.items()],
        "requirements": {"cpuFeatures": cpu_features or []},
    }
    text = json.dumps(manifest).encode()
    keys = {
        "ManifestKey": f"digits-0123abcd/saved_model/{version}/manifest.json",
        "ArchiveKey": f"digits-0123abcd/archive/{version}.tar.gz",
    }
    s3.put_object(Bucket=bucket, Key=keys["ManifestKey"], Body=text)
    s3.put_object(Bucket=bucket, Key=keys["ArchiveKey"], Body=packed.getvalue())
    return {
        **keys,
        "Version": str(version),
        "ManifestSha256": sha256(text),
        "ArchiveSha256": sha256(packed.getvalue()),
    }


PLACEHOLDERS = {"bucket": "models-placeholder", "serverSha256": "f" * 64}


def synthesize(given: dict[str, Any]) -> dict[str, Any]:
    """Return the template of a fleet. Fleets that differ only by a name or a digest share a synthesis."""
    text = _synthesized(json.dumps(given | PLACEHOLDERS))
    for key, placeholder in PLACEHOLDERS.items():
        assert placeholder in text
        text = text.replace(placeholder, given[key])
    template: dict[str, Any] = json.loads(text)
    return template


@functools.cache
def _synthesized(given: str) -> str:
    result = subprocess.run(
        ["npx", "tsx", "runtime/instance/tests/fleet_template.ts", given],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def user_data(template: dict[str, Any], references: dict[str, str], fit: dict[str, str]) -> str:
    """Resolve what CloudFormation resolves, and nothing else."""
    [launch] = [
        resource for resource in template["Resources"].values() if resource["Type"] == "AWS::EC2::LaunchTemplate"
    ]

    def resolve(value: Any) -> str:
        if isinstance(value, str):
            return value
        [(name, content)] = value.items()
        if name == "Fn::Join":
            return content[0].join(resolve(entry) for entry in content[1])
        if name == "Fn::GetAtt":
            return fit[content[1]]
        if name == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda match: references[match[1]], content)
        assert name == "Ref", name
        return next(text for prefix, text in references.items() if content.startswith(prefix))

    return resolve(launch["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"])


PLANE = Plane()


def host(aws: Running, directory: Path, **hardware: Any) -> Host:
    # The AWS CLI is unpacked once for all instances.
    return Host(stock.python(), stock.aws_command(aws.log.parent, directory), aws.port, PLANE, **hardware)


class Instance(Machine):
    """The emulator's instance."""

    @property
    def code(self) -> int:
        """Exit code of the user data, waiting for its end."""
        return self.wait_for_boot()

    @property
    def output(self) -> str:
        """All that its boot printed."""
        self.wait_for_boot()
        return self.console


class WaitingStack:
    """A stack that waits for one signal to the group, as CloudFormation does while it creates it."""

    def __init__(self, aws: Running, name: str, group: str) -> None:
        self._client = aws.client("cloudformation")
        template = {
            "Resources": {
                group: {
                    "Type": "AWS::CloudFormation::WaitCondition",
                    "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": "PT10M"}},
                }
            }
        }
        self.name, self._answer = name, None
        self._client.create_stack(StackName=name, TemplateBody=json.dumps(template), OnFailure="DO_NOTHING")

    @property
    def stack_id(self) -> str:
        return str(self._client.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"])

    def status(self) -> str:
        """The status once nothing is in progress."""
        pause = threading.Event()
        while True:
            status = str(self._client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])
            if not status.endswith("IN_PROGRESS"):
                return status
            pause.wait(0.3)
