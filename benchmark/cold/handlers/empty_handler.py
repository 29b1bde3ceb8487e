"""The least that a Python function can do: the floor of the platform."""


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer nothing."""
    return {"prediction": None}
