"""Runs a cluster with real nodes and without an embedded AWS, in its Python: `lone_cluster.py <directory>`, until it is
killed.

Prints a line of JSON once the cluster is ready: its cgroup, and the process of each node.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab" / "emulator" / "src"))

from embedded_aws.ec2.stock import aws_cli
from embedded_aws.eks.programs import VERSIONS, nearest_built
from embedded_aws.eks.real_nodes import programs as node_programs
from embedded_aws.eks.real_nodes.nodes import RealCluster, Surroundings
from embedded_aws.host.plane import Plane
from embedded_aws.host.ports import free_port
from embedded_aws.settings import default_cache_directory


def main() -> None:
    """Start it, and wait."""
    version = max(VERSIONS)
    cluster = RealCluster(
        (nearest_built(version), node_programs.nearest_built(version)),
        Path(sys.argv[1]),
        {f"node-{zone}": f"eu-central-1{zone}" for zone in "abc"},
        Surroundings(
            Plane(),
            free_port(),
            aws_cli(default_cache_directory()),
            {},
            lambda _namespace, _account: None,
            lambda _: {},
            lambda _: None,
            lambda: False,
        ),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        cluster.start()
        facts = {"group": cluster.group, "nodes": {node.name: node.process for node in cluster.nodes}}
        print(json.dumps(facts), flush=True)
        signal.pause()
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
