"""Policies on where resources are, and on the resource options of the program."""
