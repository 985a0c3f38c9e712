"""Rules for alerts, action groups and data collection."""
