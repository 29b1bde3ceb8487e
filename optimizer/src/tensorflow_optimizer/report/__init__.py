"""The report of a build: for people, for programs, for CodeBuild's console, and for the model's users.

>>> from tensorflow_optimizer.report import figures
>>> figures.megabytes(940_000), figures.percent(0.983), figures.interval((-0.003, 0.005))
('0.94 MB', '98.30 %', '-0.30 … +0.50')
"""

from __future__ import annotations
