"""A recommendation of `cdk-tensorflow recommend`, replayed at half load through the programs that it is for."""

from __future__ import annotations

import json
import os
import random
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from replays import PROCESSORS, function, pod
from tensorflow_optimizer.documents.manifest import ModelDescription
from tensorflow_optimizer.proof.native_program import Warm, measure_warm
from tensorflow_optimizer.proof.native_program import native_program as sandboxed
from tensorflow_optimizer.proof.serving_times import percentile_99, typical
from tensorflow_optimizer.sandbox import Sandbox, Zygote

from benchmark.digits import optimize, recommended
from benchmark.running import native_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 7
SECONDS = 2.0
LOAD = 0.5
PODS = 3
#: Milliseconds, which no offer exceeds.
P99 = 100
#: On a quiet machine others take less of the processors' time, and rounds differ less.
OTHERS, SPREAD = 0.01, 2.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
paths = pytest.mark.parametrize("path", ["service", "function"])


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, library: str) -> Iterator[dict[str, tuple[Any, Any]]]:
    """Give the offer of each path and its rounds, which take turns."""
    if len(PROCESSORS) < 2:
        pytest.skip("program and client need a processor each")
    root = tmp_path_factory.mktemp("replay")
    model, _ = optimize(root)
    (root / "models").mkdir()
    (root / "models" / "1").symlink_to(model)
    body = json.dumps(json.loads((model.parent / "golden.json").read_text())["requests"][0]["request"]).encode()
    rate = LOAD / offers(model.parent, 1)["function"]["processorMilliseconds"] * 1000
    one, pods = offers(model.parent, rate)["function"], offers(model.parent, PODS * rate)["service"]
    assert (one["memoryMebibytes"], pods["count"], pods["processors"]) == (1769, PODS, 1)
    server = [str(native_program("model_server")), f"--litert_library={library}", "--allow_unverified_files"]
    environment = {"MODEL_DIR": str(model), "LITERT_LIBRARY": library}
    found: dict[str, list[Any]] = {"service": [], "function": []}
    measured = []
    with (
        pod(server, root / "models", pods["processors"], body, root) as serving,
        function(native_program("bootstrap"), environment, body) as running,
    ):
        for number in range(-1, ROUNDS):
            measured.append(processor_times(model, library, body))
            seen = [
                ("service", serving.round(at_random(rate, number))),
                # An environment has no queue: Lambda gives it a request when it is free.
                ("function", running.round([each / rate for each in range(round(SECONDS * rate))])),
            ]
            for path, figures in seen if number >= 0 else []:
                found[path].append(figures)
    # Measure as the job does, but in turns with the replay: a machine may be a fifth slower a minute later.
    record(model.parent, measured[1:])
    yield {
        "service": (offers(model.parent, PODS * rate)["service"], found["service"]),
        "function": (offers(model.parent, rate)["function"], found["function"]),
    }
    os.sched_setaffinity(0, PROCESSORS)


def processor_times(model: Path, library: str, event: bytes) -> Warm:
    """Return what the job's own measurement of warm requests finds now."""
    os.sched_setaffinity(0, PROCESSORS)
    content, description = (model / "model.tflite").read_bytes(), (model / "model.json").read_text()
    known = ModelDescription.model_validate_json(description)
    with (
        Zygote(modules=()) as zygote,
        Sandbox(zygote=zygote, allow_root=True) as sandbox,
        sandboxed(sandbox, native_program("bootstrap"), Path(library), content, known) as native,
    ):
        found = measure_warm(native, event)
    os.sched_setaffinity(0, PROCESSORS[1:2])
    return found


def record(artifact: Path, processes: list[Warm]) -> None:
    """Write the processor times of warm requests where the job wrote them."""
    file = artifact / "draft.json"
    draft = json.loads(file.read_text())
    draft["extra"]["processorMilliseconds"] = typical([each.steady for each in processes])
    draft["extra"]["processorMillisecondsP99"] = percentile_99([each.single for each in processes])
    file.write_text(json.dumps(draft))


def offers(artifact: Path, rate: float) -> dict[str, Any]:
    """Ask the genuine command, and return the offer of each path."""
    return {offer["path"]: offer for offer in recommended(artifact, rate, P99)["offers"]}


def at_random(rate: float, seed: int) -> list[float]:
    source = random.Random(seed)
    arrivals = [source.expovariate(rate)]
    while arrivals[-1] < SECONDS:
        arrivals.append(arrivals[-1] + source.expovariate(rate))
    return arrivals


@pytest.fixture
def compare(replayed: dict[str, tuple[Any, Any]], capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Give `compare(path, figure, least, most)`, which fails outside the limits, and skips there on a busy machine.

    It compares the median of the rounds, divided by what was recommended.
    """

    def judge(path: str, name: str, least: float, most: float) -> None:
        recommended: float = replayed[path][0][name]
        rounds = sorted(each[name] / recommended for each in replayed[path][1])
        times: float = statistics.median(rounds)
        with capsys.disabled():
            print(f"\n{path}, {name}: {recommended:.4g} × {times:.2f} ({rounds[0]:.2f} to {rounds[-1]:.2f})")
        others = statistics.median(each["others"] for each in replayed[path][1])
        spread = rounds[-1] / rounds[0]
        if not least <= times <= most and (others > OTHERS or spread > SPREAD):
            what = f"others took {others:.0%} of the processors' time, and rounds differ {spread:.1f} times"
            pytest.skip(f"{what}, so {name} is the machine's")
        assert least <= times <= most

    return judge


@paths
def test_a_request_takes_the_processor_time_that_was_recommended(path: str, compare: Callable[..., None]) -> None:
    compare(path, "processorMilliseconds", 0.75, 1.25)


@paths
def test_a_program_has_as_many_requests_at_a_time_as_was_recommended(path: str, compare: Callable[..., None]) -> None:
    compare(path, "concurrency", 0.75, 1.25)


@paths
def test_of_100_requests_99_are_answered_in_the_time_that_was_recommended(
    path: str, compare: Callable[..., None]
) -> None:
    compare(path, "p99", 1 / 1.5, 1.5)
