"""Finds, starts and watches the builds of models, and checks that models fit their endpoints."""
