"""Documents that the functions keep beside the versions."""
