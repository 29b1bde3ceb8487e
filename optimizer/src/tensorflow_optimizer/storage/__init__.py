"""Reads and writes S3: conditional uploads, checked downloads, and its errors as sentences."""
