"""Verdicts: what the policies say of plans and templates, and the forms in which it is told."""
