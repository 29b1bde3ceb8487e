"""Finding, starting and watching the builds of models, and fitting models to endpoints."""
