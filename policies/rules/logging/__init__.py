"""Rules for diagnostic settings, log workspaces and activity logs."""
