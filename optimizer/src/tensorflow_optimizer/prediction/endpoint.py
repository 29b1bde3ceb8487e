"""A model behind TensorFlow Serving's REST API, as a runner."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import BadInputError, OptimizerError, RunError
from ..processes.plain_text import one_line
from ..signatures.fixed import is_batched
from .bounded_request import MOST_BYTES, bounded_request
from .rest import arrays_of, body_of, parse_answer, signatures_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..runners.runner import Array, Arrays
    from ..signatures import SignatureSpec

#: The address of a model, of one of its versions, or of a label of one.
_MODEL = re.compile(r"(https?://[^/?#@]+(?:/[^?#]*)?/v1/models/[^/:?#]+(?:/(?:versions|labels)/[^/:?#]+)?)/?")
_OK, _TOO_MANY, _SERVERS_FAULT = 200, 429, 500
_API_KEY = "x-api-key"
_METADATA_BYTES = 16 << 20


def is_address(target: str) -> bool:
    """Say whether a target is an address, and not a path."""
    return target.startswith(("http://", "https://"))


class Endpoint:
    """A served model."""

    def __init__(self, address: str, seconds: float, name: str | None = None, api_key: str | None = None) -> None:
        """Take the address of a model.

        Args:
            address: It goes on to the model: http://HOST:8501/v1/models/NAME.
            seconds: Most seconds of a request.
            name: What errors call it, where that is not its address.
            api_key: Key of an API of API Gateway, which is sent with each request.

        Raises:
            BadInputError: It is no such address.
        """
        model = _MODEL.fullmatch(address)
        if model is None:
            raise BadInputError(
                f"{name or address} must be the address of a model, as in http://HOST:8501/v1/models/NAME, or "
                "/versions/NUMBER after it, without a user name, a query or a fragment"
            )
        self.name = name or address
        self._model, self._seconds = model[1], seconds
        self._headers = {} if api_key is None else {_API_KEY: api_key}

    @cached_property
    def specs(self) -> dict[str, SignatureSpec]:
        """Signatures by name, as the endpoint describes them.

        Raises:
            OptimizerError: It does not answer, or otherwise than a model.
        """
        status, content = self._ask("GET", "/metadata", None, _METADATA_BYTES)
        if status != _OK:
            raise BadInputError(f"{self.name} does not describe a model: {_refusal(status, content)}")
        try:
            return signatures_of(parse_answer(content))
        except (BadInputError, RunError) as error:
            raise BadInputError(f"{self.name}: {error}") from error

    def run(self, signature: str, inputs: Mapping[str, Array]) -> Arrays:
        """Call a signature once.

        Raises:
            RunError: The endpoint refuses the inputs, or answers something else than the signature says.
            OptimizerError: It does not answer.
        """
        status, content = self._ask("POST", ":predict", body_of(signature, inputs))
        if status != _OK:
            raise RunError(_refusal(status, content))
        spec = self.specs[signature]
        answers = arrays_of(parse_answer(content), spec.outputs)
        if is_batched(spec, {}):
            rows = len(next(iter(inputs.values())))
            other = next((len(value) for value in answers.values() if len(value) != rows), None)
            if other is not None:
                raise RunError(f"it answered {other} rows of {rows}")
        return answers

    def close(self) -> None:
        """Do nothing: connections end with each answer."""

    def _ask(self, method: str, path: str, body: bytes | None, most_bytes: int = MOST_BYTES) -> tuple[int, bytes]:
        address = f"{self._model}{path}"
        try:
            status, content = bounded_request(
                method, address, body, headers=self._headers, seconds=self._seconds, most_bytes=most_bytes
            )
        except OptimizerError as error:
            raise OptimizerError(f"{self.name}: {error}") from error
        if status == _TOO_MANY or status >= _SERVERS_FAULT:
            raise OptimizerError(f"{self.name}: {_refusal(status, content)}")
        return status, content


def _refusal(status: int, content: bytes) -> str:
    """Return what an endpoint says, as one line: anybody may have written it."""
    try:
        answer = parse_answer(content)
    except RunError:
        answer = None
    said = answer.get("error", answer.get("message", answer.get("Message"))) if isinstance(answer, dict) else None
    text = said if isinstance(said, str) else content[:1000].decode("utf-8", "replace")
    return f"it answered {status}, {one_line(text, 400) or 'without a word'}"
