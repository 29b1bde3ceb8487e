"""CloudFormation: which resources are made, and where MiniStack is more lenient than AWS."""
