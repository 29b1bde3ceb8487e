"""Images. None is pulled here, but a name that no machine could pull is refused as kubelet refuses it."""

from __future__ import annotations

import re

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>[A-Za-z0-9.-]+(?::\d+)?)/)?{_COMPONENT}(?:/{_COMPONENT})*(?::[\w][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)


def pull_problem(image: str, before: str = "") -> tuple[str, str] | None:
    """Return the reason and the message with which a container waits; None where its image can be had.

    Registries under the top-level domain `invalid` do not exist (RFC 2606): images of theirs cannot be pulled.

    Args:
        image: as the pod names it.
        before: the reason with which it waited before.
    """
    found = _REFERENCE.fullmatch(image)
    if found is None:
        why = f'couldn\'t parse image name "{image}": invalid reference format'
        return "InvalidImageName", f'Failed to apply default image tag "{image}": {why}'
    host = (found["host"] or "").partition(":")[0]
    if not host.endswith(".invalid"):
        return None
    cause = f'failed to do request: Head "https://{host}/v2/": dial tcp: lookup {host}: no such host'
    said = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {cause}'
    if before == "ErrImagePull":
        return "ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {said}'
    return "ErrImagePull", said
