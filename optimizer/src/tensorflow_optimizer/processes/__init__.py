"""The machine and its processes: environment, memory and disk, process groups, progress.

>>> from tensorflow_optimizer.processes.plain_text import one_line
>>> one_line(f"{chr(27)}[31mred{chr(27)}[0m{chr(10)}line")
'red line'
"""
