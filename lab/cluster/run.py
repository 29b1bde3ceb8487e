"""`npm run test:cluster`: this directory on each supported version of Kubernetes, and the deployed example.

`-- 1.37` names a version; `-- --no-example 1.37` leaves the example out. `-- --nodes real 1.37` runs the pods of the
deployed example on three real nodes, and `auto` does so where this machine can and their programs are built. In the
tests of this directory no pod runs.

Ends with `N passed, N failed` over all of them. A machine that cannot run them fails and says why.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "lab" / "emulator" / "src"))

PYTEST = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
JEST = ["npx", "jest", "--selectProjects", "cluster", "--runInBand"]


class Suite:
    """Tests that run in a process of their own."""

    def __init__(self, title: str, command: Sequence[str], **environment: str) -> None:
        self.title = title
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> tuple[int, int]:
        """Wait for the end, print everything, and return how many passed and how many did not."""
        output, _ = self.process.communicate()
        print(f"{self.title}\n{output}", flush=True)
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", output)}
        failed = counts.get("failed", 0) + counts.get("error", 0)
        # A run that dies, or finds no test, has failed whatever it counted.
        return counts.get("passed", 0), failed if failed or self.process.returncode == 0 else 1


def nodes_of(how: str) -> str:
    """Build what real nodes need where they are asked for, and return a sentence on what the pods run on.

    Raises:
        NoRealNodesError: they are asked for, and cannot run here.
    """
    from embedded_aws.eks.programs import CannotRunError, programs
    from embedded_aws.eks.real_nodes import programs as node_programs
    from embedded_aws.eks.real_nodes.choice import VERSION, NoRealNodesError, choose
    from embedded_aws.eks.real_nodes.requirements import why_not

    if how == "real" and why_not() is None:
        try:
            programs(VERSION)
            node_programs.programs(VERSION)
        except CannotRunError as error:
            raise NoRealNodesError(str(error)) from error
    return f"The nodes of the deployed example are {choose(how).description}."


def main() -> int:
    """Run the tests on the versions that the command line names, or on all."""
    from embedded_aws.eks.programs import VERSIONS, CannotRunError, check_openssl, programs
    from embedded_aws.eks.real_nodes.choice import CHOICES, NoRealNodesError

    parser = argparse.ArgumentParser(prog="npm run test:cluster --")
    parser.add_argument("versions", nargs="*", help=f"of Kubernetes: {', '.join(VERSIONS)}; all by default")
    parser.add_argument(
        "--nodes", choices=CHOICES, default="simulated", help="what runs the pods of the deployed example"
    )
    parser.add_argument("--no-example", action="store_true", help="do not deploy the example")
    options = parser.parse_args()
    try:
        print(nodes_of(options.nodes), flush=True)
    except NoRealNodesError as error:
        print(f"CANNOT RUN the tests on real nodes: {error}\n0 passed, 1 failed")
        return 1
    built, failed = [], 0
    for version in options.versions or VERSIONS:
        try:
            check_openssl()
            programs(version)
            built.append(version)
        except (CannotRunError, KeyError) as error:
            print(f"CANNOT RUN the tests on Kubernetes {version}: {error}", flush=True)
            failed += 1
    # Beside the others: it mostly waits, for builds and for pods.
    deployed = (
        Suite("`cdk deploy` of the example to the embedded AWS", JEST, SERVICE_NODES=options.nodes)
        if built and not options.no_example
        else None
    )
    suites = (Suite(f"Kubernetes {VERSIONS[one]}", PYTEST, KUBERNETES_VERSION=one) for one in built)
    results = [suite.finish() for suite in suites] + ([deployed.finish()] if deployed else [])
    passed = sum(result[0] for result in results)
    failed += sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
