"""What a delivery's state machine and its stack cannot do themselves."""
