"""Runs the cells of the notebook in their order, as Jupyter does, and writes what they show into it.

    PYTHONPATH=$PWD/optimizer/src:$PWD/runtime/shared/src .tools/python/bin/python examples/notebook/run.py

Jupyter itself is not needed. It shows an object as this program does: by its `_repr_svg_`, or else by its `repr`.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parent / "weather.ipynb"


def run(notebook: dict[str, Any]) -> dict[str, Any]:
    """Run a notebook in its own directory, and put what its cells show in place of their outputs."""
    names: dict[str, Any] = {"__name__": "__main__"}
    number = 0
    with contextlib.chdir(NOTEBOOK.parent):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                number += 1
                cell["execution_count"], cell["outputs"] = number, _outputs("".join(cell["source"]), names, number)
    return notebook


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree, printed, shown = ast.parse(source), io.StringIO(), None
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {number}", "exec"), names)  # noqa: S102 - the notebook is ours
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)  # noqa: S307 - the notebook is ours
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if shown is not None:
        data = {"text/plain": [repr(shown)]}
        if hasattr(shown, "_repr_svg_"):
            data = {"image/svg+xml": shown._repr_svg_().splitlines(keepends=True), "text/plain": ["<chart>"]}
        outputs.append({"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
    return outputs


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    ran = run(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    NOTEBOOK.write_text(json.dumps(ran, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
