"""openapi.json: what the native runtime answers, as the optimizer describes it at publish."""

from __future__ import annotations

from . import json_text
from .description import OPENAPI_FILE
from .errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .model import Model


def document(model: Model, *, has_hook: bool) -> Any:
    """Return the document of the model, without the protocol that only the native runtime speaks.

    Args:
        model: The model, which must have been published by the name that clients use.
        has_hook: The user's own code decides what requests and answers are.

    Raises:
        RequestError: There is no document of what this function answers.
    """
    if has_hook:
        raise RequestError(404, "a hook answers predict requests here, so that no document describes them")
    description = model.description
    try:
        with open(f"{model.directory}/{OPENAPI_FILE}", encoding="utf-8") as file:
            document = json_text.loads(file.read())
    except FileNotFoundError:
        document = {"paths": {}}
    paths = {path: item for path, item in document["paths"].items() if not path.startswith("/v2")}
    if f"/v1/models/{description.model}:predict" not in paths:
        raise RequestError(
            404,
            f"version {description.version} has no {OPENAPI_FILE} of the model {description.model!r}: it was "
            "published by another release, or by another name",
        )
    return {**document, "paths": paths}
