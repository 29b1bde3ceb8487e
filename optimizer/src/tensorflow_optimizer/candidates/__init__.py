"""Plans, builds and evaluates the candidates of a job."""
