"""The machine and its processes: environment, memory and disk, process groups, progress."""
