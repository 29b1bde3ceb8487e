"""Uploads builds, and publishes models as new versions."""
