"""Jobs that publish a server: it comes from a registry on this machine, and is tried on the optimized model."""

from __future__ import annotations

import hashlib
import re
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from processes import check_over, process_of
from programs import lying, script, stand_in
from sample_functions import copy_of
from stand_in_registry import Registry, one_image
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.documents.job import Server as ServerOf
from tensorflow_optimizer.documents.manifest import ServerTrial
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

SERVING: dict[str, Any] = {"format": "saved_model", "recipe": "forServing"}


@pytest.fixture(autouse=True)
def _deep_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the temporary directory as deep as that of builds: deeper than the path of a socket may be."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))


@pytest.fixture
def image_with() -> Iterator[Callable[[bytes], str]]:
    """Serve an image with a program, and return its name."""
    running: list[Registry] = []

    def serve(program: bytes) -> str:
        registry = Registry(one_image(program, "serving", "2.20.0"), scheme="Bearer").__enter__()
        running.append(registry)
        return f"{registry.host}/serving:2.20.0"

    yield serve
    for registry in running:
        registry.__exit__()


def server_of(result: Result) -> Any:
    server = result.published.server
    assert server is not None
    return server


@pytest.mark.parametrize("with_data", [True, False], ids=["real data", "generated inputs"])
def test_a_server_that_answers_as_expected_is_published_with_the_model(
    with_data: bool, models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    image = image_with(stand_in())
    result = runs(models.dense, models.labelled if with_data else None, server={"image": image}, **SERVING)
    server = server_of(result)
    program = result.output / "server" / "tensorflow_model_server"
    assert program.read_bytes() == stand_in()
    assert server.sha256 == hashlib.sha256(stand_in()).hexdigest()
    assert server.digest.startswith("sha256:")
    assert (server.image, server.size, server.key) == (image, len(stand_in()), "")
    assert (server.trial, server.trial_note) == (ServerTrial.ANSWERED, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_inputs", "vocabulary", "text", "counter"])
def test_every_kind_of_input_is_tried_on_the_server(
    name: str, models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    result = runs(getattr(models, name), server={"image": image_with(stand_in())}, **SERVING)
    assert server_of(result).trial is ServerTrial.ANSWERED


def test_the_model_is_tried_as_endpoints_serve_it_without_a_word_about_tags(
    models: SampleModels, runs: Runs, image_with: Callable[[bytes], str], tmp_path: Path
) -> None:
    source = copy_of(models.dense, tmp_path / "tagged")
    model = saved_model_pb2.SavedModel.FromString((source / "saved_model.pb").read_bytes())
    model.meta_graphs[0].meta_info_def.tags.append("gpu")
    (source / "saved_model.pb").write_bytes(model.SerializeToString())
    server = {"image": image_with(stand_in())}
    result = runs(source, server=server, source={"tags": ["serve", "gpu"]}, format="saved_model", recipe="none")
    assert server_of(result).trial is ServerTrial.ANSWERED


@pytest.mark.fault
def test_a_server_that_answers_wrongly_stops_the_publication(
    models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    image = image_with(lying())
    result = runs(models.dense, models.labelled, server={"image": image}, **SERVING)
    assert result.code == 4
    assert f"the server of {image} does not serve the optimized model" in result.sentence
    assert "its answers are others than the optimizer's" in result.sentence
    assert re.search(r"request 1: the output at \[0\] must be [\d.]+ within [\d.e-]+, got [\d.]+", result.sentence)
    assert sorted(path.name for path in result.output.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'E1 Op type not registered Magic' >&2; exit 3", "it ended with code 3: E1 Op type not registered Magic"),
        ("kill -ABRT $$", "it ended with SIGABRT"),
        ("exit 0", "it ended with code 0"),
    ],
)
def test_a_server_that_does_not_load_the_model_stops_the_publication(
    text: str, said: str, models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    result = runs(models.dense, server={"image": image_with(script(text))}, **SERVING)
    assert result.code == 4
    assert said in result.sentence
    assert "name an image of TensorFlow Serving 2.20 or newer" in result.sentence
    assert result.draft is None


@pytest.mark.parametrize(
    ("program", "note"),
    [
        (
            script("echo 'server: error while loading shared libraries: libodd.so.6: cannot open' >&2; exit 127"),
            "error while loading shared libraries: libodd.so.6: cannot open",
        ),
        (
            script('echo "libc.so.6: version \\`GLIBC_2.99\' not found (required by server)" >&2; exit 1'),
            "version `GLIBC_2.99' not found (required by server)",
        ),
        (b"#!/no/such/interpreter\n", "it cannot be started: No such file or directory"),
    ],
)
def test_a_server_that_this_machine_cannot_run_is_published_with_a_warning(
    program: bytes, note: str, models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    result = runs(models.dense, server={"image": image_with(program)}, **SERVING)
    server = server_of(result)
    assert (server.trial, server.trial_note) == (ServerTrial.NOT_RUN, note)
    assert any("was not tried" in warning and note in warning for warning in result.outcome.warnings)


def test_the_program_sees_none_of_the_build_s_environment(
    models: SampleModels, runs: Runs, image_with: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/secret")
    program = script("echo \"error: $(env | cut -d= -f1 | sort | tr '\\n' ' ')\" >&2; exit 1")
    result = runs(models.dense, server={"image": image_with(program)}, **SERVING)
    assert "HOME LANG" in result.sentence
    assert "AWS" not in result.sentence


def test_nothing_that_it_started_is_left_running(
    models: SampleModels, runs: Runs, image_with: Callable[[bytes], str]
) -> None:
    program = script('sleep 600 > /dev/null 2>&1 & echo "error: started $!" >&2; exit 1')
    result = runs(models.dense, server={"image": image_with(program)}, **SERVING)
    assert result.code == 4
    started = re.search(r"started (\d+)", result.sentence)
    assert started is not None, result.sentence
    check_over(process_of(int(started[1])))


def test_an_unavailable_image_ends_the_job_before_the_model_is_opened(runs: Runs, tmp_path: Path) -> None:
    with Registry(one_image(b"", "serving", "2.20.0")) as registry:
        result = runs(tmp_path / "no model", server={"image": f"{registry.host}/serving:9"}, **SERVING)
    assert result.code == 2
    assert "there is no image" in result.sentence


@pytest.mark.parametrize("changes", [{"format": "litert"}, {"format": "saved_model", "architecture": "arm64"}])
def test_a_job_names_a_server_only_where_one_can_serve(changes: dict[str, str]) -> None:
    from sample_jobs import job_data

    with pytest.raises(ValueError, match="server may be given for the format saved_model on x86_64 only"):
        Job.model_validate(job_data(**changes, server={"image": "tensorflow/serving:2.20.0"}))


@pytest.mark.slow
def test_a_job_made_by_hand_may_name_a_server_too(
    models: SampleModels, image_with: Callable[[bytes], str], tmp_path: Path
) -> None:
    image, out = image_with(b"#!/no/such/interpreter\n"), tmp_path / "out"
    arguments = ["optimize", str(models.dense), "--out", str(out), "--server-image", image]
    done = CliRunner().invoke(app, [*arguments, "--format", "saved_model"])
    assert done.exit_code == 0, done.output
    assert Job.model_validate_json((out / "job.json").read_text(encoding="utf-8")).server == ServerOf(image=image)
    assert (out / "server" / "tensorflow_model_server").is_file()

    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2
    assert "--server-image is for --format saved_model" in refused.output
