"""The commands of `python -m tensorflow_optimizer`."""
