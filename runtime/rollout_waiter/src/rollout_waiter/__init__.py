"""Waits for the pods of a new version, and says why they do not start."""
