"""The process that watches a job: what it shows meanwhile, and that nothing of the job outlives it."""
