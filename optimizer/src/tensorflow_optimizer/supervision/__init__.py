"""Supervises a job's process: shows its progress, and ends everything it started."""
