"""Checkov as a detector of mutants, and the report of all detectors."""
