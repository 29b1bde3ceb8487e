"""Parses the input that takes images, such as `zero-to-one:method=bicubic`."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ..documents.document import problems_of
from ..documents.image import ImageInput, Preprocessing
from ..errors import BadInputError
from .option_values import camel_case

#: Separator of the numbers of a list: a comma separates two settings.
_SEPARATOR = "/"
_LISTS = ("scale", "offset")
_SETTINGS = [field.alias or key for key, field in ImageInput.model_fields.items() if key != "preprocessing"]


def image_help() -> str:
    """Return the help text of the option."""
    return f"{', '.join(Preprocessing)}, or the same with hyphens. Settings: {', '.join(_SETTINGS)}"


def parse_image(text: str) -> ImageInput:
    """Parse `PREPROCESSING:SETTING=VALUE,…`; several numbers are separated by slashes.

    Raises:
        BadInputError: It is not a preprocessing, or has settings without meaning.
    """
    name, _, rest = text.partition(":")
    data: dict[str, Any] = {"preprocessing": camel_case(name.strip())}
    for key, _, value in (entry.partition("=") for entry in rest.split(",") if entry):
        setting = camel_case(key.strip())
        if setting in data or setting not in _SETTINGS:
            raise BadInputError(
                f"--image {text}: {setting!r} is {'given twice' if setting in data else 'no setting'} "
                f"(allowed, once each: {', '.join(_SETTINGS)})"
            )
        data[setting] = value.split(_SEPARATOR) if setting in _LISTS else value.strip()
    try:
        return ImageInput.model_validate(data)
    except ValidationError as error:
        raise BadInputError(
            f"--image {text}: {problems_of(error)}; write it as {Preprocessing.ZERO_TO_ONE.value}, "
            f"{Preprocessing.CAFFE.value}:method=bicubic or linear:scale=0.5{_SEPARATOR}0.5{_SEPARATOR}0.4,offset=-1 "
            f"({', '.join(Preprocessing)})"
        ) from error
