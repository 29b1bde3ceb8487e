"""EventBridge Scheduler: MiniStack's, with builds as targets."""
