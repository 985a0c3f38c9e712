"""Flow analysis: who can read and write which data, which network paths there are, and how many controls prevent a flow
that must not exist. Begin with `forbidden_flows.py`; docs/decisions/0004 says what is counted and what is left out."""
