"""Rules for patch windows."""
