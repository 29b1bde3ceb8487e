"""Selects the published signatures, and the default one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..hints import Hint, Message
from .fixed import FixedSignature, fix_shapes
from .spec import DEFAULT_SIGNATURE, SignatureSpec

if TYPE_CHECKING:
    from ..documents.job import Source

OTHER_PATHS = "serve the model with TensorFlow Serving"
#: For a .tflite file, which TensorFlow Serving does not take.
FROM_SAVED_MODEL = "give the SavedModel that it was made of, and serve that with TensorFlow Serving"


@dataclass(frozen=True)
class Selection:
    """The selected signatures, the default one first."""

    default: str
    signatures: dict[str, FixedSignature]
    warnings: list[Message] = field(default_factory=list)


def default_signature(specs: dict[str, SignatureSpec], requested: str | None) -> str:
    """Return the name of the default signature.

    Raises:
        UnsupportedError: the requested one is not there, or several are and none is `serving_default`.
    """
    names = ", ".join(map(repr, specs))
    if requested is not None:
        if requested not in specs:
            raise UnsupportedError(f"the model has no signature {requested!r}; it has {names}", Hint.SIGNATURE)
        return requested
    if DEFAULT_SIGNATURE in specs:
        return DEFAULT_SIGNATURE
    if len(specs) == 1:
        return next(iter(specs))
    raise UnsupportedError(
        f"the model has several signatures ({names}) and none is called {DEFAULT_SIGNATURE!r}; give one of them as the "
        "signature to publish",
        Hint.SIGNATURE,
    )


def select_for_serving(specs: dict[str, SignatureSpec], source: Source) -> tuple[str, dict[str, SignatureSpec]]:
    """Return the default signature's name and the signatures to keep: all, or the one named by the job."""
    check_input_names(specs, source.input_shapes)
    default = default_signature(specs, source.signature_name)
    return default, ({default: specs[default]} if source.signature_name else dict(specs))


def select_for_litert(specs: dict[str, SignatureSpec], source: Source, *, with_text: bool = False) -> Selection:
    """Choose the signatures that LiteRT can serve; the default one must be among them.

    Args:
        specs: All signatures.
        source: The job's description of the model.
        with_text: Keep those that take or return strings: their text part is separated later.

    Raises:
        UnsupportedError: the default signature needs strings or unknown dimensions.
        BadInputError: the given shapes do not fit the model.
    """
    check_input_names(specs, source.input_shapes)
    default = default_signature(specs, source.signature_name)
    if specs[default].string_tensors and not with_text:
        raise _string_refusal(specs, default)
    signatures = {default: fix_shapes(specs[default], source.input_shapes)}
    warnings: list[Message] = []
    if source.signature_name:
        return Selection(default, signatures)
    for name, spec in specs.items():
        if name == default:
            continue
        if spec.string_tensors and not with_text:
            warnings.append(
                Message(f"the signature {name!r} is left out: it takes or returns strings, which LiteRT cannot")
            )
            continue
        try:
            signatures[name] = fix_shapes(spec, source.input_shapes)
        except BadInputError:
            raise
        except OptimizerError as error:
            warnings.append(Message(f"the signature {name!r} is left out: {error}", error.hints))
    return Selection(default, signatures, warnings)


def check_input_names(specs: dict[str, SignatureSpec], shapes: dict[str, list[int]] | None) -> None:
    """Reject shapes for inputs that no signature has."""
    known = {name for spec in specs.values() for name in spec.inputs}
    unknown = sorted(set(shapes or {}) - known)
    if unknown:
        raise BadInputError(
            f"the given shapes name {', '.join(map(repr, unknown))}, but the model's inputs are "
            f"{', '.join(map(repr, sorted(known)))}",
            Hint.INPUT_SHAPES,
        )


def _string_refusal(specs: dict[str, SignatureSpec], default: str) -> UnsupportedError:
    strings = ", ".join(map(repr, specs[default].string_tensors))
    usable = [name for name, spec in specs.items() if not spec.string_tensors]
    if usable:
        other = f"give another signature to publish ({', '.join(map(repr, usable))}), or "
    elif len(specs) > 1:
        others = ", ".join(repr(name) for name in specs if name != default)
        other = f"the model's other signatures ({others}) use strings as well; "
    else:
        other = "the model has no other signature; "
    return UnsupportedError(
        f"the signature {default!r} uses strings ({strings}), which LiteRT and so Lambda cannot serve; {other}"
        f"{OTHER_PATHS}",
        *([Hint.SIGNATURE] if usable else []),
        Hint.TENSORFLOW_SERVING,
    )
