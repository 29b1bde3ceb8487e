"""This machine: its Pythons, tools, namespaces and ports."""
