"""Differences between a machine and a stock Amazon Linux 2023, as the emulator's README lists them."""

from __future__ import annotations

import re
from collections.abc import Callable

from embedded_aws.ec2 import stock
from embedded_aws.host.pythons import find_python
from machines import ROOT, Booted

#: Commands whose output begins with what the README's last column says.
FACTS = {
    "systemd": "systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p'",
    "cgroups": "[ $(stat -f -c %T /sys/fs/cgroup) = cgroup2fs ] && echo v2",
    "cloud-init": "cloud-init --version | grep -o '[0-9][0-9.]*' | cut -d. -f1,2",
    "Python at `/usr/bin/python3`": "/usr/bin/python3 -c 'import sys; print(*sys.version_info[:2], sep=chr(46))'",
    "AWS CLI": "aws --version | sed 's|aws-cli/\\([0-9]*\\).*|\\1|'",
    "glibc": "ldd --version | sed -n '1s/.* //p'",
    "package manager": "! command -v dnf > /dev/null && command -v apt | xargs basename",
    "SELinux": "[ -e /sys/fs/selinux/enforce ] || echo none",
    "Systems Manager agent": "command -v amazon-ssm-agent || echo none",
    "SSH server": "command -v sshd || echo none",
    "time synchronization": "systemctl is-active --quiet chronyd systemd-timesyncd || echo none",
    "root file system": "findmnt --noheadings --output FSTYPE /",
    "network interface": "ls /sys/class/net | grep -v ^lo$",
}


def listed() -> dict[str, str]:
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", (ROOT / "lab" / "emulator" / "README.md").read_text(), re.MULTILINE
    )
    return {part: here for part, here in rows if part in FACTS}


def test_the_list_of_differences_is_true(booted: Callable[..., Booted]) -> None:
    expected = listed()
    assert set(expected) == set(FACTS)
    if find_python(stock.PYTHON) is None:
        expected["Python at `/usr/bin/python3`"] = "3.11"
    machine = booted()
    assert machine.code == 0

    assert {part: machine.run(command)[1] for part, command in FACTS.items()} == expected
