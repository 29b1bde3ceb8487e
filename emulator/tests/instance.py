"""Runs a synthesized launch template's user data as an instance would: in a root of its own, on the embedded AWS."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Running

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "emulator" / "src" / "embedded_aws" / "ec2" / "image"
MODEL = ROOT / "examples" / "digits" / "saved_model"
SERVER = f"""#!/bin/sh
# The stand-in for TensorFlow Serving.
PYTHONPATH={ROOT / "emulator"} TF_CPP_MIN_LOG_LEVEL=2 exec {sys.executable} -m stand_in_server "$@"
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


def synthesize(given: dict[str, Any]) -> dict[str, Any]:
    result = subprocess.run(
        ["npx", "tsx", "emulator/tests/fleet_template.ts", json.dumps(given)],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    template: dict[str, Any] = json.loads(result.stdout)
    return template


def user_data(template: dict[str, Any], references: dict[str, str], fit: dict[str, str]) -> str:
    """Resolve what CloudFormation resolves, and nothing else."""
    [launch] = [one for one in template["Resources"].values() if one["Type"] == "AWS::EC2::LaunchTemplate"]

    def resolve(value: Any) -> str:
        if isinstance(value, str):
            return value
        [(name, content)] = value.items()
        if name == "Fn::Join":
            return content[0].join(resolve(one) for one in content[1])
        if name == "Fn::GetAtt":
            return fit[content[1]]
        if name == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda match: references[match[1]], content)
        assert name == "Ref", name
        return next(text for prefix, text in references.items() if content.startswith(prefix))

    return resolve(launch["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"])


def python39() -> Path | None:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return max(root.glob("3.9.*/bin/python3.9"), default=None)


def aws_command(directory: Path) -> Path:
    """The AWS CLI that the CDK itself brings."""
    unpacked = directory / "awscli"
    if not unpacked.exists():
        with zipfile.ZipFile(ROOT / "node_modules" / "@aws-cdk" / "asset-awscli-v1" / "lib" / "layer.zip") as layer:
            layer.extractall(unpacked)
    program = directory / "aws"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {unpacked / "awscli" / "aws"} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


class Instance:
    """A booted instance. Its namespaces and processes end with it."""

    def __init__(
        self, aws: Running, directory: Path, name: str, script: str, *, cpuinfo: Path | None = None, disk: str = "1g"
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "user-data").write_text(script)
        arguments = [directory / "root", IMAGE, python39(), aws_command(directory.parent), name, cpuinfo or "-", disk]
        credentials = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._process = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                IMAGE / "enter",
                *map(str, arguments),
                directory / "user-data",
            ],
            env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": aws.endpoint, **credentials},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self.code = self._until(r"user data ended with (\d+)")
        self.output = "\n".join(self._lines)

    def _until(self, pattern: str) -> int:
        self._lines = []
        for line in self._process.stdout or ():
            if found := re.fullmatch(pattern, line.strip()):
                return int(found[1])
            self._lines.append(line.rstrip())
        raise AssertionError("\n".join(self._lines))

    def run(self, command: str) -> tuple[int, str]:
        """Run a command on it."""
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        code = self._until(r"ended with (\d+)")
        return code, "\n".join(self._lines).strip()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


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
