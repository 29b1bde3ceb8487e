"""CloudFormation resources of Amazon EC2: networks, addresses and rules, which are records."""
