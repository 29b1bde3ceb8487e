"""Takes `tensorflow_model_server` out of a container image, by the registry's HTTP API and without Docker.

No Python client of the OCI distribution API that is kept up does what is needed here: to choose a platform, to verify
manifests and layers by their digests, and to find one file under whiteouts and links. HTTP itself is `requests`.
"""
