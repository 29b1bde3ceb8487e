"""Finds, starts and watches the builds of models, checks that models fit their endpoints, and prunes old versions."""
