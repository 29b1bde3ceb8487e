"""The original model, measured: candidates are compared with it."""
