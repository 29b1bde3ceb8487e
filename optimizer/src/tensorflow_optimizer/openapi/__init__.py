"""The OpenAPI document of a published version: what its servers answer, in a form that tools read.

>>> from tensorflow_optimizer.documents.manifest import ModelDescription
>>> from tensorflow_optimizer.openapi import openapi_document
>>> tensors = {"x": {"dtype": "float32", "shape": [-1, 3]}}
>>> signature = {"batched": True, "inputs": tensors, "outputs": tensors}
>>> model = {"schemaVersion": 1, "model": "digits", "version": 1, "runtime": "native", "defaultSignature": "serve"}
>>> description = ModelDescription.model_validate({**model, "signatures": {"serve": signature}})
>>> next(iter(openapi_document(description)["paths"]))
'/v1/models/digits:predict'
"""

from .document import OPENAPI_FILE, openapi_document, openapi_text

__all__ = ["OPENAPI_FILE", "openapi_document", "openapi_text"]
