"""Extras that are published with a model for those who serve it: golden and warm-up requests, footprint, server."""
