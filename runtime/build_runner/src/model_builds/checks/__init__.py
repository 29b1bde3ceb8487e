"""Checks of a version before an endpoint gets it."""
