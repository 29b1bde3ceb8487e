"""The charts of the pages: static SVG that takes its colors from the page, and says in words what it shows."""
