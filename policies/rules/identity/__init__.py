"""Rules for role assignments, role definitions and managed identities."""
