"""One captured request: a line of the objects in a capture bucket, and of a function's log on its way there."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from .document import Document

#: The member of the answer by the member of the request, as TensorFlow Serving and a direct invocation name them.
_ANSWERS = {"instances": "predictions", "inputs": "outputs", "data": "prediction"}


class CapturedRequest(Document):
    """A request that a model answered, with its answer.

    The objects are JSON lines in gzip, below `<model name>/YYYY/MM/DD/HH/` by the UTC hour of their arrival.
    """

    schema_version: Literal[1] = 1
    time: AwareDatetime
    """Time at which the model had answered, in UTC."""
    model_name: str = Field(min_length=1)
    """The name that clients use."""
    model_version: int = Field(ge=1)
    """The version that answered."""
    signature_name: str = Field(min_length=1)
    """The signature that answered: `serving_default` where the request names none."""
    request: dict[str, Any]
    """The REST body: `instances` (rows) or `inputs` (columns); `data`, one row, by a direct invocation.

    Of a function with a hook: the `inputs` that the hook made. Null is in the place of the values of redacted inputs.
    """
    answer: dict[str, Any]
    """`predictions` to instances, `outputs` to inputs, `prediction` to data; `classes` where the model has labels."""

    @model_validator(mode="after")
    def _answers_the_request(self) -> CapturedRequest:
        forms = [member for member in _ANSWERS if member in self.request]
        if len(forms) != 1:
            raise ValueError(
                f"request must have exactly one of {', '.join(_ANSWERS)}, it has {', '.join(forms) or 'none'}"
            )
        expected = _ANSWERS[forms[0]]
        if expected not in self.answer:
            raise ValueError(f"answer must have {expected!r}, because the request has {forms[0]!r}")
        return self

    def to_line(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps(self.to_data(), separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
