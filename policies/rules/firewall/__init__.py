"""Rules for Azure Firewall, its policies and its rules."""
