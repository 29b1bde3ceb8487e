"""`npm run test:nodes`: a ModelService on three real nodes. Builds their programs once.

Ends with `N passed, N failed`. A machine that cannot have real nodes says why, and skips: exit code 0.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "lab" / "emulator" / "src"))

SUPERVISE = ROOT / "lab" / "emulator" / "src" / "embedded_aws" / "host" / "supervise.py"
PYTEST = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
JEST = ["npx", "jest", "--selectProjects", "nodes", "--runInBand"]


def run(command: list[str], temporary: str) -> tuple[int, int]:
    """Run tests that end with this process, print what they print, and return how many passed and how many did not."""
    watched, alive = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISE), str(watched), *command],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": temporary, "NODE_NO_WARNINGS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[watched],
    )
    os.close(watched)
    output = ""
    for line in process.stdout or ():
        print(line, end="", flush=True)
        output += line
    code = process.wait()
    os.close(alive)
    totals = [line for line in output.splitlines() if line.startswith("Tests:") or re.search(r" in [\d.]+s", line)]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", "\n".join(totals))}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    # A run that dies, or finds no test, has failed whatever it counted.
    return counts.get("passed", 0), failed if failed or code == 0 else 1


def main() -> int:
    """Build, and run the tests: all, or the files of Jest that the command line names."""
    from embedded_aws.eks import programs
    from embedded_aws.eks.real_nodes import programs as node_programs
    from embedded_aws.eks.real_nodes.requirements import why_not
    from embedded_aws.eks.real_nodes.sweeper import Sweeper

    if reason := why_not():
        print(f"SKIPPED: {reason}")
        return 0
    version = max(programs.VERSIONS)
    os.nice(10)
    try:
        kubectl = programs.programs(version).kubectl
        built = node_programs.programs(version)
    except programs.CannotRunError as error:
        print(f"CANNOT RUN the tests on real nodes: {error}")
        return 1
    os.environ["PATH"] = f"{os.environ['PATH']}{os.pathsep}{kubectl.parent}"
    # Short, because Unix sockets in it have names of at most 107 bytes.
    temporary = tempfile.mkdtemp(prefix="nodes-")
    # Removes it in any case, also where this process is killed.
    sweeper = Sweeper(None, Path(temporary))
    try:
        named = sys.argv[1:]
        # Volumes that are copies are not what that file is about; a line has said why they are.
        left_out = [] if built.mountpoint else ["--testPathIgnorePatterns=/mountpoint\\.test\\.ts$"]
        jest = [*JEST, *left_out, *named]
        results = [run(jest, temporary)] if named else [run(PYTEST, temporary), run(jest, temporary)]
    finally:
        sweeper.sweep()
    passed, failed = (sum(column) for column in zip(*results, strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
