"""Policies on the outputs of a stack."""
