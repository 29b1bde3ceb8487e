"""What this machine offers: Pythons, tools, namespaces."""
