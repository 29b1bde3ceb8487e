"""AWS CodeDeploy for Lambda: moves an alias to a new version step by step, and back when an alarm goes off."""
