"""Translates a registry's errors into sentences with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError, OptimizerError
from ..hints import Hint
from .credentials import PASSWORD, USERNAME, ecr_region

if TYPE_CHECKING:
    from .reference import ImageReference

MIRROR = "copy the image to an ECR repository and give that one"
BRING = "give the program itself, without an image"


def refused(reference: ImageReference, status: int, said: str, *, signed_in: bool) -> OptimizerError:
    """Describe a registry's error in one sentence.

    Args:
        reference: The image.
        status: The HTTP status.
        said: The registry's message.
        signed_in: Credentials were sent.
    """
    where = f"{reference.registry} answers {status}" + (f" ({said})" if said else "")
    if status == 404:
        return BadInputError(f"there is no image {reference.image} ({where}): check its name and its tag or digest")
    if status in {401, 403} and ecr_region(reference.registry):
        return BadInputError(
            f"{reference.image} may not be pulled ({where}): let the build's role pull from the repository, in its "
            "policy and, across accounts, in the repository's",
            Hint.SERVER_IMAGE,
        )
    if status in {401, 403}:
        who = "with these credentials" if signed_in else "anonymously"
        return BadInputError(
            f"{reference.image} cannot be pulled {who} ({where}): check its name, give the registry's credentials in "
            f"the environment as {USERNAME} and {PASSWORD}, or {MIRROR}",
            Hint.REGISTRY_CREDENTIALS,
            Hint.SERVER_IMAGE,
        )
    if status == 429:
        return OptimizerError(
            f"{reference.registry} refuses more downloads for now ({where}): it counts all that comes from one "
            f"address, and many builds share theirs; {MIRROR}, give an account's credentials in the environment as "
            f"{USERNAME} and {PASSWORD}, or try again later",
            Hint.SERVER_IMAGE,
            Hint.REGISTRY_CREDENTIALS,
        )
    return OptimizerError(
        f"{reference.image} cannot be pulled ({where}): try again later, or {MIRROR}", Hint.SERVER_IMAGE
    )


def unreachable(reference: ImageReference, reason: str) -> OptimizerError:
    """Describe an unreachable registry."""
    return OptimizerError(
        f"{reference.registry} cannot be reached for {reference.image} ({reason}): a build in a VPC needs a way to "
        f"the registry, by NAT, by a proxy or, for ECR, by VPC endpoints; otherwise {BRING}",
        Hint.SERVER_PROGRAM,
    )


def damaged(reference: ImageReference, what: str, found: str) -> OptimizerError:
    """Describe content that does not match its digest."""
    return BadInputError(
        f"{what} of {reference.image} is damaged: {found}; something between here and {reference.registry} changes or "
        f"cuts what it delivers: try again, or {MIRROR}",
        Hint.SERVER_IMAGE,
    )
