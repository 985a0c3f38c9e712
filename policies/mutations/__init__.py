"""Mutation testing of the checks: weaken one thing in a plan at a time, and see which checker refuses it.

The tables under `table/` say what weakens, type by type. They are written from what Azure does, never from what a rule
reads: a table made from the rules would only prove that the rules say what they say.
"""
