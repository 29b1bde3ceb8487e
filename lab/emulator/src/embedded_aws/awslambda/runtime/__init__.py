"""The files of Lambda's runtimes, mounted at /var/runtime."""
