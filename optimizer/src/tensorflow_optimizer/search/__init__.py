"""The recipe of a search: its space, its order, its choice."""
