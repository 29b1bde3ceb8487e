"""Conditions on the user that runs the tests."""

from __future__ import annotations

import os
import sys

is_root = sys.platform == "linux" and os.geteuid() == 0
