"""Network load balancers: loopback ports that lead to the healthy instances of a target group."""
