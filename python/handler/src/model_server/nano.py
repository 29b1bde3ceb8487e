"""The nano runtime: LiteRT's C ABI, nothing but libLiteRt.so and the standard library.

Struct layouts and numbers are from LiteRT's public headers (litert/c), which promise them to be stable.

Only for files whose shapes are all static: with a dynamic output shape this ABI answers garbage without an error, on
the first run. The optimizer proves a model before it chooses nano; `_bind` refuses what is visibly dynamic.
"""

from __future__ import annotations

import os
from struct import pack

from .errors import ModelError, RequestError
from .native import Library, byref, c_bool, c_char, c_char_p, c_int32, c_size_t, c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self

    from .description import Signature, Tensor

_CPU = 1
_LOCK_READ, _LOCK_WRITE = 0, 1
_OPTION_AUTO_REGISTER_ACCELERATORS = 24
_OPTION_MIN_LOGGER_SEVERITY = 25
_ANY_INT = 2
_SEVERITY_ERROR = 2
# LiteRtStatus of a run in which an operator failed: an index outside of its table, a division by zero.
_RUNTIME_FAILURE = 3
_INPUT, _OUTPUT = "Input", "Output"


# The three structs that the library reads or fills, without a ctypes.Structure for each: that would take longer than
# all calls of the library but two.
_ENVIRONMENT_OPTION = "<i4xi4xq"  # LiteRtEnvOption: tag, and LiteRtAny: type, value
_RANKED_TENSOR_TYPE = c_int32 * 18  # LiteRtRankedTensorType: element type, rank in 7 bits, 8 sizes, 8 strides
_DEFINING_OPERATION = c_size_t * 2  # LiteRtTensorDefiningOp: operation, output index


class _Buffer:
    """The memory of one input or output."""

    __slots__ = ("copy", "handle", "length", "position", "size")

    def __init__(self, handle: Any, size: int, position: int) -> None:
        self.handle = handle
        self.size = size
        self.length = c_size_t(size)
        self.position = position
        """In the description."""
        self.copy: Any = None
        """Where an output is copied to."""


class _Binding:
    """The buffers of one signature, in the order of the file: made once and filled again for every run."""

    __slots__ = ("call", "inputs", "outputs")

    def __init__(self, index: int, inputs: list[_Buffer], outputs: list[_Buffer]) -> None:
        self.inputs = inputs
        self.outputs = outputs
        for buffer in outputs:
            buffer.copy = (c_char * buffer.size)()
        self.call = (
            c_size_t(index),
            c_size_t(len(inputs)),
            (c_void_p * len(inputs))(*[buffer.handle.value for buffer in inputs]),
            c_size_t(len(outputs)),
            (c_void_p * len(outputs))(*[buffer.handle.value for buffer in outputs]),
        )
        """What the library wants to know of a run besides the model."""


class NanoRuntime:
    """A .tflite file loaded into libLiteRt.so."""

    name = "nano"

    def __init__(self, path: str, library: str, signatures: Iterable[Signature], threads: int = 1) -> None:
        self._handles: list[tuple[str, Any]] = []  # in the order of their making, freed backwards
        self._bindings: dict[str, _Binding] = {}
        try:
            self._library = Library(library)
        except OSError as error:
            raise ModelError(f"cannot load the LiteRT library {library}: {error}") from error
        # What every run calls, for each row.
        self._run = self._library.function("LiteRtRunCompiledModel")
        self._lock = self._library.function("LiteRtLockTensorBuffer")
        self._unlock = self._library.function("LiteRtUnlockTensorBuffer")
        self._move = self._library.function("memmove")
        self._address = c_void_p()
        self._where = byref(self._address)
        with _CapturedStandardError() as captured:
            try:
                self._load(path, threads)
                for signature in signatures:
                    self._bindings[signature.name] = self._bind(signature)
            except ModelError as error:
                self.close()
                raise ModelError(f"LiteRT cannot load the model: {error}; {captured.text()}") from error

    def run(self, signature: Signature, inputs: list[bytes]) -> list[bytes]:
        """Run one signature once.

        Args:
            signature: One of those given to the constructor.
            inputs: Stored bytes, in the order of `signature.inputs`.

        Returns:
            Stored bytes, in the order of `signature.outputs`.
        """
        binding = self._bindings[signature.name]
        for buffer in binding.inputs:
            data = inputs[buffer.position]
            if len(data) != buffer.size:  # a wrong size here would write past the buffer
                raise ModelError(f"input {buffer.position} has {len(data)} bytes, its buffer {buffer.size}")
            self._write(buffer, data)
        status = self._run(self._compiled, *binding.call)
        if status == _RUNTIME_FAILURE:
            raise RequestError(400, "the model cannot compute these values; LiteRT refused them when it ran")
        _check("LiteRtRunCompiledModel", status)
        results = [b""] * len(binding.outputs)
        for buffer in binding.outputs:
            results[buffer.position] = self._read(buffer)
        return results

    def close(self) -> None:
        """Free all native memory. The runtime cannot be used afterwards."""
        self._bindings.clear()
        while self._handles:
            kind, handle = self._handles.pop()
            self._library.call(f"LiteRtDestroy{kind}", handle)

    def _load(self, path: str, threads: int) -> None:
        options = b"".join(
            pack(_ENVIRONMENT_OPTION, tag, _ANY_INT, value)
            for tag, value in (
                # Without this LiteRT looks for GPU and NPU libraries at every start, and says so on standard error.
                (_OPTION_AUTO_REGISTER_ACCELERATORS, _CPU),
                (_OPTION_MIN_LOGGER_SEVERITY, _SEVERITY_ERROR),
            )
        )
        self._environment = self._make("Environment", "LiteRtCreateEnvironment", 2, options)
        self._model = self._make("Model", "LiteRtCreateModelFromFile", self._environment, os.fsencode(path))
        compilation = self._make("Options", "LiteRtCreateOptions")
        self._call("LiteRtSetOptionsHardwareAccelerators", compilation, _CPU)
        if threads != 1:
            self._set_threads(compilation, threads)
        self._compiled = self._make(
            "CompiledModel", "LiteRtCreateCompiledModel", self._environment, self._model, compilation
        )
        self._indices = self._signature_indices()

    def _set_threads(self, compilation: Any, threads: int) -> None:
        # The payload is TOML that the library frees with the function it is given: both come from the C library.
        payload = self._library.call_for_pointer("strdup", f"num_threads = {threads}\n".encode())
        free = c_void_p(self._library.address("free"))
        opaque = c_void_p()
        self._call("LiteRtCreateOpaqueOptions", b"xnnpack", payload, free, byref(opaque))
        self._call("LiteRtAddOpaqueOptions", compilation, opaque)

    def _signature_indices(self) -> dict[str, int]:
        count = c_size_t()
        self._call("LiteRtGetNumModelSignatures", self._model, byref(count))
        indices: dict[str, int] = {}
        for index in range(count.value):
            key = c_char_p()
            self._call("LiteRtGetSignatureKey", self._signature(index), byref(key))
            indices[(key.value or b"").decode()] = index
        return indices

    def _signature(self, index: int) -> Any:
        handle = c_void_p()
        self._call("LiteRtGetModelSignature", self._model, c_size_t(index), byref(handle))
        return handle

    def _bind(self, signature: Signature) -> _Binding:
        index = self._indices.get(signature.name)
        if index is None:
            raise ModelError(f"the file has no signature {signature.name!r}, but {sorted(self._indices)}")
        handle = self._signature(index)
        tensors: dict[int | None, Any] = {}
        return _Binding(
            index,
            self._buffers(_INPUT, index, handle, signature.inputs, tensors),
            self._buffers(_OUTPUT, index, handle, signature.outputs, tensors),
        )

    def _buffers(
        self,
        kind: str,
        signature_index: int,
        signature: Any,
        described: dict[str, Tensor],
        tensors: dict[int | None, Any],
    ) -> list[_Buffer]:
        """Make the buffers of all inputs or outputs. `tensors` collects the buffers of the inputs."""
        count = c_size_t()
        self._call(f"LiteRtGetNumSignature{kind}s", signature, byref(count))
        positions = {name: position for position, name in enumerate(described)}
        buffers: list[_Buffer] = []
        for index in range(count.value):
            name, tensor = c_char_p(), c_void_p()
            at = c_size_t(index)
            self._call(f"LiteRtGetSignature{kind}Name", signature, at, byref(name))
            self._call(f"LiteRtGetSignature{kind}TensorByIndex", signature, at, byref(tensor))
            key = (name.value or b"").decode()
            if key not in positions:
                raise ModelError(f"the file has an {kind.lower()} {key!r} that its description lacks")
            if any(buffer.position == positions[key] for buffer in buffers):
                raise ModelError(f"two {kind.lower()}s of the file are one tensor, which LiteRT's C interface confuses")
            buffer = _Buffer(*self._memory(kind, signature_index, at, tensor, described[key]), positions[key])
            if kind == _INPUT:
                tensors[tensor.value] = buffer.handle
            elif not self._is_computed(tensor):
                # An output that is an input or a constant: nothing writes its buffer, and the operations that read the
                # tensor read this buffer.
                if tensor.value in tensors:
                    buffer.handle = tensors[tensor.value]
                else:
                    self._write(buffer, self._weights(tensor, buffer.size))
            buffers.append(buffer)
        if len(buffers) != len(described):
            raise ModelError(f"the file has {len(buffers)} {kind.lower()}s, its description {len(described)}")
        return buffers

    def _memory(self, kind: str, signature: int, index: Any, tensor: Any, described: Tensor) -> tuple[Any, int]:
        requirements = c_void_p()
        ranked = _RANKED_TENSOR_TYPE()
        self._call("LiteRtGetRankedTensorType", tensor, byref(ranked))
        element_type, rank_bits, *sizes = ranked
        shape = sizes[: rank_bits & 0x7F]
        if shape != described.stored_shape or element_type != described.stored.litert:
            raise ModelError(
                f"{kind.lower()} {described.name!r} of the file has type {element_type} and shape {shape}, "
                f"its description {described.stored.litert} ({described.stored.name}) and {described.stored_shape}"
            )
        self._call(
            f"LiteRtGetCompiledModel{kind}BufferRequirements",
            self._compiled,
            c_size_t(signature),
            index,
            byref(requirements),
        )
        buffer = self._make(
            "TensorBuffer",
            "LiteRtCreateManagedTensorBufferFromRequirements",
            self._environment,
            byref(ranked),
            requirements,
        )
        size = c_size_t()
        self._call("LiteRtGetTensorBufferPackedSize", buffer, byref(size))
        expected = described.count * described.stored.size
        if size.value != expected:
            raise ModelError(
                f"{kind.lower()} {described.name!r} has a buffer of {size.value} bytes instead of {expected}"
            )
        return buffer, size.value

    def _write(self, buffer: _Buffer, data: bytes) -> None:
        _check("LiteRtLockTensorBuffer", self._lock(buffer.handle, self._where, _LOCK_WRITE))
        self._move(self._address, data, buffer.length)
        self._release(buffer)

    def _read(self, buffer: _Buffer) -> bytes:
        _check("LiteRtLockTensorBuffer", self._lock(buffer.handle, self._where, _LOCK_READ))
        self._move(buffer.copy, self._address, buffer.length)
        self._release(buffer)
        data: bytes = buffer.copy.raw
        return data

    def _release(self, buffer: _Buffer) -> None:
        _check("LiteRtUnlockTensorBuffer", self._unlock(buffer.handle))

    def _is_computed(self, tensor: Any) -> bool:
        computed, operation = c_bool(), _DEFINING_OPERATION()
        self._call("LiteRtGetTensorDefiningOp", tensor, byref(computed), byref(operation))
        return computed.value

    def _weights(self, tensor: Any, size: int) -> bytes:
        weights, address, length = c_void_p(), c_void_p(), c_size_t()
        self._call("LiteRtGetTensorWeights", tensor, byref(weights))
        self._call("LiteRtGetWeightsBytes", weights, byref(address), byref(length))
        if length.value != size:
            raise ModelError(f"a constant output has {length.value} bytes instead of {size}")
        return self._library.read(address, size)

    def _make(self, kind: str, function: str, *arguments: Any) -> Any:
        """Call a function that makes something, and remember to free it."""
        handle = c_void_p()
        self._call(function, *arguments, byref(handle))
        self._handles.append((kind, handle))
        return handle

    def _call(self, function: str, *arguments: Any) -> None:
        _check(function, self._library.call(function, *arguments))


def _check(function: str, status: int) -> None:
    if status:
        raise ModelError(f"{function} failed with LiteRtStatus {status}")


class _CapturedStandardError:
    """Keeps what native code prints while it loads: noise when it succeeds, the reason when it does not."""

    def __enter__(self) -> Self:
        self._file = os.memfd_create("stderr")
        self._saved = os.dup(2)
        os.dup2(self._file, 2)
        return self

    def __exit__(self, *_: object) -> None:
        os.dup2(self._saved, 2)
        os.close(self._saved)
        os.close(self._file)

    def text(self) -> str:
        """Return what was printed so far, on one line."""
        os.lseek(self._file, 0, os.SEEK_SET)
        lines = os.read(self._file, 4000).decode(errors="replace").split("\n")
        return "; ".join(line for line in lines if line and not line.startswith("INFO")) or "no reason given"
