"""An instance's user data, executed on this machine."""
