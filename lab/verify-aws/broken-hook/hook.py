"""A hook that fails the check of a new version on purpose."""

from model_server.hook import RequestError


def preprocess(_event: object) -> None:
    """Refuse every event."""
    raise RequestError(400, "this hook fails on purpose")
