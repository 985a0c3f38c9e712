"""The `sde` command line: reads what a person asks, runs an engine, and says what happened."""
