"""Mutation testing of the checks: change one property of a plan at a time, and record which detectors refuse it.

The tables under `table/` list the weaknesses of each type. They follow Azure's documentation, not the rules: tables
derived from the rules could not find a gap in them.
"""
