"""Builds of CodeBuild: starting, finding and stopping them, and what a failed one tells the user."""
