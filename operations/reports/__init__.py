"""Reports on policy checks of plans and templates, in several formats."""
