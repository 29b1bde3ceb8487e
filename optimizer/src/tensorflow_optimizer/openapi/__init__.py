"""The OpenAPI document of a published version: what its servers answer, in a form that tools read."""

from .document import OPENAPI_FILE, openapi_document, openapi_text

__all__ = ["OPENAPI_FILE", "openapi_document", "openapi_text"]
