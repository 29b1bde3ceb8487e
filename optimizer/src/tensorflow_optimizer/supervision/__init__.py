"""Supervises a job's process: shows its progress, and ends everything it started.

>>> import os, sys
>>> from tensorflow_optimizer.supervision.watching import run_watched
>>> run_watched([sys.executable, "-c", "raise SystemExit(3)"], os.environ)
3
"""
