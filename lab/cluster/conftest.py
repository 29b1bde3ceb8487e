from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.nodes import Nodes
from embedded_aws.eks.programs import programs
from metrics import Metrics
from simulation import ZONES, Simulation
from stack import load_handler, synthesize

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The synthesized templates by the stack's name."""
    return synthesize(tmp_path_factory.mktemp("cdk"))


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of the version that KUBERNETES_VERSION names."""
    control_plane = ControlPlane(
        programs(os.environ.get("KUBERNETES_VERSION", "1.34")), tmp_path_factory.mktemp("kubernetes")
    )
    try:
        control_plane.start()
        yield control_plane
    finally:
        control_plane.stop()


@pytest.fixture(scope="session")
def nodes(plane: ControlPlane) -> Iterator[Nodes]:
    """Three nodes that take pods."""
    three = Nodes(plane, Simulation(plane), ZONES)
    three.start()
    eventually(three.schedulable, "nodes are ready")
    yield three
    three.stop()


@pytest.fixture
def simulation(nodes: Nodes) -> Iterator[Simulation]:
    """Runs the pods, and can break versions."""
    assert isinstance(nodes.runtime, Simulation)
    yield nodes.runtime
    nodes.runtime.broken, nodes.runtime.states, nodes.runtime.logs = set(), {}, {}


@pytest.fixture(scope="session")
def metrics(plane: ControlPlane) -> Iterator[Metrics]:
    """Metrics for the autoscaler."""
    stand_in = Metrics(plane)
    stand_in.register()
    yield stand_in
    stand_in.stop()


@pytest.fixture(scope="session")
def handler(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The CDK's own kubectl handler."""
    return load_handler(plane, tmp_path_factory.mktemp("lambda"))


def eventually(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s: {what}")
