"""Deletion of old versions and reports."""
