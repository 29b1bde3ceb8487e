"""Events of models, for EventBridge and CloudWatch."""
