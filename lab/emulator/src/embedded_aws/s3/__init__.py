"""Amazon S3: MiniStack's, with what a template's buckets lack there."""
