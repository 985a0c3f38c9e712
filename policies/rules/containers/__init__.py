"""Rules for container registries."""
