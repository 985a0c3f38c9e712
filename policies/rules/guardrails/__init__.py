"""Rules for Azure Policy definitions, assignments and exemptions."""
