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
        return rate_limited(reference, said)
    return OptimizerError(
        f"{reference.image} cannot be pulled ({where}): try again later, or {MIRROR}", Hint.SERVER_IMAGE
    )


def rate_limited(reference: ImageReference, said: str, mirror: str = "") -> OptimizerError:
    """Describe a registry's refusal of more downloads, which lasts for hours.

    Args:
        reference: The image.
        said: The registry's message.
        mirror: Why its mirror does not give the image either; empty if it has none.
    """
    where = f"{reference.registry} answers 429" + (f" ({said})" if said else "")
    no_digest = "" if reference.digest else "name the image by its digest, which its mirror may have, "
    return OptimizerError(
        f"{reference.registry} refuses more downloads for now ({where}): it counts all that comes from one "
        f"address, and many builds share theirs{f'; {mirror}' if mirror else ''}: {MIRROR}, "
        f"{no_digest if mirror else ''}serve the model with LiteRT, which needs no image, give an account's "
        f"credentials in the environment as {USERNAME} and {PASSWORD}, or try again later",
        Hint.SERVER_IMAGE,
        Hint.LITERT_SERVER,
        Hint.REGISTRY_CREDENTIALS,
    )


def unreachable(reference: ImageReference, reason: str) -> OptimizerError:
    """Describe an unreachable registry."""
    return OptimizerError(
        f"{reference.registry} cannot be reached for {reference.image} ({reason}): a build in a VPC needs a way to "
        f"the registry, by NAT, by a proxy or, for ECR, by VPC endpoints; otherwise {BRING}",
        Hint.SERVER_PROGRAM,
    )


def damaged(reference: ImageReference, what: str, damage: str) -> OptimizerError:
    """Describe content that does not match its digest."""
    return BadInputError(
        f"{what} of {reference.image} is damaged: {damage}; something between here and {reference.registry} changes or "
        f"cuts what it delivers: try again, or {MIRROR}",
        Hint.SERVER_IMAGE,
    )
