"""EC2: instances that execute their user data, each in a root, a process tree and a network of its own."""
