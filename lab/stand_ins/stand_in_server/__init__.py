"""A stand-in for TensorFlow Serving, for tests: the same flags and the same requests, and not that server."""
