"""Rules for Azure Bastion."""
