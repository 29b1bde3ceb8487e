"""Calls into a shared library by the C half of ctypes.

The Python half of ctypes declares dozens of types when it is imported, more than a tenth of the nano function's own
start. What is used of `_ctypes` here is what ctypes itself is made of; the tests run it on each Python that they
find.
"""

from __future__ import annotations

from _ctypes import FUNCFLAG_CDECL, CFuncPtr, _SimpleCData, byref, dlopen, dlsym

from .errors import ModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import c_bool, c_char, c_char_p, c_int32, c_size_t, c_void_p
    from typing import Any

__all__ = ["Library", "byref", "c_bool", "c_char", "c_char_p", "c_int32", "c_size_t", "c_void_p"]


if not TYPE_CHECKING:

    def _c_type(name, code):
        return type(_SimpleCData)(name, (_SimpleCData,), {"_type_": code})

    c_void_p = _c_type("c_void_p", "P")
    c_char_p = _c_type("c_char_p", "z")
    c_char = _c_type("c_char", "c")
    c_size_t = _c_type("c_size_t", "L")  # size_t on 64-bit Linux
    c_int32 = _c_type("c_int32", "i")
    c_bool = _c_type("c_bool", "?")


class _Function(CFuncPtr):
    """Returns an int, which the caller of a void function does not look at."""

    _flags_ = FUNCFLAG_CDECL
    _restype_ = c_int32


class _PointerFunction(CFuncPtr):
    _flags_ = FUNCFLAG_CDECL
    _restype_ = c_void_p


class Library:
    """A shared library and the libraries it needs, the C library among them."""

    def __init__(self, path: str) -> None:
        """Load the library.

        Raises:
            OSError: it is missing, or of another platform.
        """
        self._handle = dlopen(path, 0)
        self._functions: dict[str, Any] = {}

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function and return the int that it returns."""
        return self.function(name)(*arguments)

    def function(self, name: str) -> Any:
        """Return a function to be called, which returns an int."""
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = _Function(self.address(name))
        return function

    def call_for_pointer(self, name: str, *arguments: Any) -> c_void_p:
        """Call a function that returns a pointer."""
        return c_void_p(_PointerFunction(self.address(name))(*arguments))

    def address(self, name: str) -> int:
        """Return where a function is."""
        try:
            return dlsym(self._handle, name)
        except OSError as error:
            raise ModelError(f"the LiteRT library has no function {name}; another version is needed") from error

    def read(self, address: c_void_p, size: int) -> bytes:
        """Return a copy of the bytes at an address."""
        copy = (c_char * size)()
        self.call("memmove", copy, address, c_size_t(size))
        return copy.raw
