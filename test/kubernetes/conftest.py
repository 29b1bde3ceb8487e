from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "cluster"), str(ROOT / "emulator")]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The synthesized templates by the stack's name."""
    out = tmp_path_factory.mktemp("cdk")
    subprocess.run(["npx", "tsx", "test/cluster/app.ts", str(out / "app"), str(out / "later")], cwd=ROOT, check=True)
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in (out / "app").glob("*.template.json")}
