"""Amazon CloudWatch: embedded metrics become metrics, and alarms change state by them."""
