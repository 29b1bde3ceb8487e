"""`npm run test:machines`: instances that boot under systemd, by themselves and in a fleet that is deployed.

Makes their image when it is missing. Ends with `N passed, N failed`. Where they cannot boot, it fails and says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "lab" / "emulator" / "src"))

JEST = ["npx", "jest", "--selectProjects", "e2e", "--runInBand", "fleet.test"]
SUITES = {
    "machines, and a fleet's launch template on them": [
        *(sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
        *sys.argv[1:],
    ],
    "`cdk deploy` of a fleet to the embedded AWS": JEST,
}


def run(title: str, command: list[str]) -> tuple[int, int]:
    """Run one suite, print its output as it comes, and return how many passed and how many did not."""
    print(title, flush=True)
    environment = {**os.environ, "FLEET_INSTANCES": "systemd"}
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    # The last line with counts: both runners end with their total.
    [*_, total] = [line for line in lines if re.search(r"\d+ (passed|failed|error)", line)] or [""]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", total)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    # A run that dies, or finds no test, has failed whatever it counted.
    return counts.get("passed", 0), failed if failed or process.returncode == 0 else 1


def main() -> int:
    """Run the suites one after the other: each boots machines on all processors."""
    from embedded_aws.ec2.systemd.image import CannotBootError, build
    from embedded_aws.settings import default_cache_directory

    try:
        build(default_cache_directory())
    except CannotBootError as error:
        print(f"CANNOT RUN: {error}\n0 passed, 1 failed")
        return 1
    results = [run(title, command) for title, command in SUITES.items()]
    passed, failed = (sum(counts) for counts in zip(*results, strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
