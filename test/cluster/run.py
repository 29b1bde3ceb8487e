"""`npm run test:cluster`: the tests of this directory on each supported version of Kubernetes.

Ends with `N passed, N failed` over all of them. A machine that cannot run them fails and says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "emulator" / "src"))


def main() -> int:
    """Run the tests on the versions that the command line names, or on all."""
    from embedded_aws.eks.programs import VERSIONS, CannotRunError, check_openssl, programs

    versions = sys.argv[1:] or list(VERSIONS)
    passed = failed = 0
    for version in versions:
        try:
            check_openssl()
            programs(version)
        except (CannotRunError, KeyError) as error:
            print(f"CANNOT RUN the tests on Kubernetes {version}: {error}", flush=True)
            failed += 1
            continue
        print(f"Kubernetes {VERSIONS[version]}", flush=True)
        command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        done = subprocess.run(
            command, env={**os.environ, "KUBERNETES_VERSION": version}, stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout, flush=True)
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
        bad = counts.get("failed", 0) + counts.get("error", 0)
        passed += counts.get("passed", 0)
        # A run that dies, or finds no test, has failed whatever it counted.
        failed += bad if bad or done.returncode == 0 else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
