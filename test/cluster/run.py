"""`npm run test:cluster`: this directory on each supported version of Kubernetes, and the deployed example.

Ends with `N passed, N failed` over all of them. A machine that cannot run them fails and says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "emulator" / "src"))

PYTEST = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
JEST = ["npx", "jest", "--config", "jest.cluster.config.js"]


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


def main() -> int:
    """Run the tests on the versions that the command line names, or on all."""
    from embedded_aws.eks.programs import VERSIONS, CannotRunError, check_openssl, programs

    built, failed = [], 0
    for version in sys.argv[1:] or VERSIONS:
        try:
            check_openssl()
            programs(version)
            built.append(version)
        except (CannotRunError, KeyError) as error:
            print(f"CANNOT RUN the tests on Kubernetes {version}: {error}", flush=True)
            failed += 1
    # Beside the others: it mostly waits, for builds and for pods.
    deployed = Suite("`cdk deploy` of the example to the embedded AWS", JEST) if built else None
    suites = (Suite(f"Kubernetes {VERSIONS[one]}", PYTEST, KUBERNETES_VERSION=one) for one in built)
    results = [suite.finish() for suite in suites] + ([deployed.finish()] if deployed else [])
    passed = sum(result[0] for result in results)
    failed += sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
