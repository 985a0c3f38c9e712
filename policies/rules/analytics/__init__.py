"""Rules for Databricks and Synapse workspaces."""
