"""Extracts `tensorflow_model_server` from a container image with the registry's HTTP API, without Docker.

No maintained Python client of the OCI distribution API has all of: choosing a platform, verifying manifests and layers
by their digests, and finding one file with whiteouts and links. HTTP itself is `requests`.
"""
