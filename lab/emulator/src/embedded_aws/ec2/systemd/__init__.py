"""Instances that boot as machines: systemd is their first process, and cloud-init runs their user data."""
