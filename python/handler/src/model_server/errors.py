"""What can go wrong, by whose fault it is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .description import Tensor


class RequestError(Exception):
    """The client's fault: answered with `status` and the sentence, never logged as a failure of the function."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TensorError(RequestError):
    """A value that does not fit its input.

    `indices` lead to the offending value inside the input's nested lists, so that whoever knows how the request was
    written (row or column format) can say where it is.
    """

    def __init__(self, tensor: Tensor, indices: tuple[int, ...], problem: str) -> None:
        place = "".join(f"[{index}]" for index in indices)
        super().__init__(
            400, f'inputs["{tensor.name}"]{place}: {problem}; expected {tensor.dtype.name} of shape {tensor.shape}'
        )
        self.tensor = tensor
        self.indices = indices
        self.problem = problem


class ModelError(Exception):
    """The function's fault: the model, its description or the runtime library is missing or broken."""
