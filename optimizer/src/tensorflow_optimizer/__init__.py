"""Optimizes a TensorFlow model for one serving platform, proves what that costs and publishes it."""
