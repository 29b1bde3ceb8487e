"""Functions for the work that a delivery's state machine and its stack cannot do themselves."""
