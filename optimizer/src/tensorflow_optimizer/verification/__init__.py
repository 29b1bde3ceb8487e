"""Verifies a published version from anywhere: its files, its documents and its signature."""
