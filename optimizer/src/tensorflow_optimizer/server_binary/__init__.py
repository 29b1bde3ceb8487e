"""Extracts `tensorflow_model_server` from a container image with the registry's HTTP API, without Docker.

No maintained Python client of the OCI distribution API has all of: choosing a platform, verifying manifests and layers
by their digests, and finding one file with whiteouts and links. HTTP itself is `requests`.

>>> from tensorflow_optimizer.server_binary.reference import parse_reference
>>> reference = parse_reference("registry.example.com/team/serving:2.19.0")
>>> reference.base_url, reference.tag_or_digest
('https://registry.example.com/v2/team/serving', '2.19.0')
"""
