"""Waits for a new version's pods, bakes canaries of pods and instances, and says why they fail."""
