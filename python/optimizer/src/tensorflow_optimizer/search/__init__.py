"""The recipe search(): its space, its order, its choice."""
