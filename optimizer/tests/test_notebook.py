"""The notebook of the examples: every cell runs, and shows what the committed one shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from processes import IMPORTABLE
from tensorflow_optimizer.sandbox import ALLOW_ROOT

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook" / "weather.ipynb"
#: Runs the notebook with what its own program does, and prints it instead of writing it.
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from run import NOTEBOOK, run
if __name__ == "__main__":
    print(json.dumps(run(json.loads(NOTEBOOK.read_text(encoding="utf-8")))))
"""


def shown_by(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]


@pytest.mark.own_process
def test_the_notebook_goes_from_a_keras_model_to_a_chart_and_the_committed_answer() -> None:
    command = [sys.executable, "-c", PROGRAM, str(NOTEBOOK.parent)]
    environment = {**os.environ, "PYTHONPATH": IMPORTABLE, ALLOW_ROOT: "1"}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    signature, candidates, chart, answer = shown_by(json.loads(ended.stdout.splitlines()[-1]))
    committed = shown_by(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    assert [signature, candidates, answer] == [committed[0], committed[1], committed[3]]
    assert any("dynamicRange chosen" in line for line in candidates["text"])
    for image in (chart, committed[2]):
        assert len(ET.fromstring("".join(image["data"]["image/svg+xml"]))) > 0
