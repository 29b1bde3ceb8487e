"""What Lambda's runtimes carry, mounted at /var/runtime."""
