"""Step Functions: MiniStack's, with AWS SDK integrations that use the state machine's role."""
