"""Entry points of the two functions of a delivery."""

from model_delivery.parameters import keep_parameter
from model_delivery.reason import find_reason

__all__ = ["find_reason", "keep_parameter"]
