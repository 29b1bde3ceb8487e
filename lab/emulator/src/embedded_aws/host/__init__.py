"""The machine that runs the embedded AWS: its Pythons, tools, namespaces and ports."""
