"""The first process around a machine: it prepares its disk and network, boots it, and takes it along when it ends.

`unshare … python -I -S init.py CONTROL PORT IMAGE DIRECTORY INSTANCE SIZE ADDRESS PYTHON LIBRARIES BINDS…`
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from embedded_aws.ec2.image import init as instance_init  # noqa: E402 - found through the path that was just set

_POLL_SECONDS = 0.2
#: Exit code of systemd-nspawn when its machine reboots.
_REBOOT_EXIT_CODE = 133
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def watch(data: Path) -> None:
    """Says how the user data ended, after each boot that ran it."""
    seen = None
    while True:
        time.sleep(_POLL_SECONDS)
        try:
            content = (data / "result.json").read_text(encoding="utf-8")
            errors = json.loads(content)["v1"]["errors"]
        except (OSError, ValueError, KeyError):
            continue
        if content != seen:
            seen = content
            # Start a new line: the console may have printed half of another.
            print(f"\nuser data ended with {1 if errors else 0}", flush=True)


def leader() -> int:
    """The machine's systemd, by its process here.

    Raises:
        ProcessLookupError: none runs, for example during a reboot.
    """
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = next(line for line in status.read_text().splitlines() if line.startswith("NSpid:")).split()[1:]
        except (OSError, StopIteration):
            continue
        if len(numbers) > 1 and numbers[-1] == "1" and len(numbers) == _depth() + 1:
            return int(status.parent.name)
    raise ProcessLookupError("the machine does not run")


def _depth() -> int:
    own = Path("/proc/self/status").read_text()
    return len(next(line for line in own.splitlines() if line.startswith("NSpid:")).split()) - 1


def on_machine(shell: str) -> list[str]:
    """The program that runs a shell command as the machine's root, or says why it cannot."""
    try:
        target = leader()
    except ProcessLookupError as error:
        return ["sh", "-c", f"echo {error}; exit 255"]
    kinds = ["--mount", "--uts", "--ipc", "--pid", "--net", "--cgroup", "--root", "--wd"]
    environment = ["/usr/bin/env", "-i", f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8"]
    return ["nsenter", f"--target={target}", *kinds, *environment, "bash", "-c", shell]


def following(code: int) -> instance_init.Next:
    """Boots it again if systemd-nspawn says so, and otherwise ends with it: nothing starts what was shut down."""
    return instance_init.Next.BOOT if code == _REBOOT_EXIT_CODE else instance_init.Next.END


def main() -> None:
    """Prepares, and boots."""
    control = socket.socket(fileno=int(sys.argv[1]))
    port, image, directory, instance, size, address, python, libraries, *binds = sys.argv[2:]
    subprocess.run(  # noqa: S603 - our own script
        [str(HERE / "image" / "prepare"), image, directory, size, address, python, libraries, port],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    with instance_init.listen(int(port)) as listener:
        socket.send_fds(control, [b"listener"], [listener.fileno()])
    subprocess.run(  # noqa: S603 - our own program
        [
            *("nsenter", "--net=/run/beyond", sys.executable, "-I", "-S", str(HERE / "metadata_listener.py")),
            str(control.fileno()),
        ],
        pass_fds=[control.fileno()],
        check=True,
    )
    data = Path(directory) / "disk" / "root" / "var" / "lib" / "cloud" / "data"
    threading.Thread(target=watch, args=(data,), daemon=True).start()
    boot = [str(HERE / "image" / "boot"), image, directory, instance, *binds]
    instance_init.serve(control, boot, on_machine, following)


if __name__ == "__main__":
    main()
