"""The version that a check asks, in the words of the check's sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ModelError

#: Recipients of a new version after its check, by the kind of endpoint.
_RECIPIENTS = {"function": "callers", "service": "the pods", "fleet": "the instances"}


@dataclass(frozen=True)
class CheckedVersion:
    """A version of a function that serves, or that answers before pods or instances get the model.

    Attributes:
        arn: The function version.
        path: The model's path in requests.
        subject: What the sentences are about.
        kept: What stays as it is if the check fails.
        serves: Whether the function itself serves.
    """

    arn: str
    path: str
    subject: str
    kept: str
    serves: bool

    @classmethod
    def of(cls, properties: dict[str, Any]) -> CheckedVersion:
        """Read a check's FunctionVersion, ModelName and, for a service or a fleet, Endpoint and ModelVersion."""
        arn, endpoint = properties["FunctionVersion"], properties.get("Endpoint", "function")
        serves = endpoint == "function"
        return cls(
            arn=arn,
            path=f"/v1/models/{properties['ModelName']}",
            subject=(
                f"version {arn.rpartition(':')[2]} of the function"
                if serves
                else f"version {properties['ModelVersion']} of the model"
            ),
            kept=f"{_RECIPIENTS[endpoint]} keep the version that they had",
            serves=serves,
        )

    def refusal(self, what: str) -> ModelError:
        """Return the error of a version that does not answer as it must."""
        log = "the function's log" if self.serves else "the log of the function that replay asks"
        return ModelError(f"{self.subject} {what}: {self.kept}; {log} has more")

    def without_room(self, reason: str) -> str:
        """Return the sentence for an account that has no concurrency for the function."""
        own = "the function's reservedConcurrentExecutions or " if self.serves else ""
        limits = f"raise {own}the account's concurrency, or deploy when less is asked"
        return str(self.refusal(f"found no room to run in ({reason}): {limits}"))
