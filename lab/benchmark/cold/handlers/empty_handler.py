"""A handler that does nothing: the minimum of the platform."""


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer nothing."""
    return {"prediction": None}
