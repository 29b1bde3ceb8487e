"""Auto Scaling groups: how many instances there are, and how an update replaces them."""
