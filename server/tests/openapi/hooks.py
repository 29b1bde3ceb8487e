"""Hooks of Schemathesis: a request that is to be answered keeps the rules that a schema cannot say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import schemathesis

sys.path.insert(0, str(Path(__file__).parent))
from rules import keep_rules


def map_case(_: schemathesis.HookContext, case: Any) -> Any:
    """Change what is valid by the schema; what is not must be refused as it is."""
    if case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE and isinstance(case.body, dict):
        case.body = keep_rules(case.path, case.body)
    return case


schemathesis.hook(map_case)
