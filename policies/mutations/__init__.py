"""Proof that the gate bites: what is weakened in a plan, one thing at a time, and which door refuses it.

The tables under `table/` say what weakens, type by type. They are written from what Azure does, never from what a rule
reads: a table made from the rules would only prove that the rules say what they say.
"""
