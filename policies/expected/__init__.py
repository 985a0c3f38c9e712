"""The exact settings that the policies require of the program. They are stated here and never imported from infra, so
that a mistake there is found; tests/policies/test_expected.py compares both."""
