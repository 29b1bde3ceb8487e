"""The JSON documents that the optimizer reads and writes."""
