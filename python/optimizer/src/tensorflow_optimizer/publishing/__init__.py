"""Fetching what a job reads from S3, and publishing what it made."""
