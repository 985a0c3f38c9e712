"""Flows: who can read and write what, what can reach what, and how many controls stand before what must not happen."""
