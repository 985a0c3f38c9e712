"""Rules for key vaults, keys and secrets."""
