"""A registry of container images for tests: the part of the OCI distribution API that pulling takes, over HTTP."""

from .content import Content, Node, index_of, layer_of, one_image
from .server import Registry

__all__ = ["Content", "Node", "Registry", "index_of", "layer_of", "one_image"]
