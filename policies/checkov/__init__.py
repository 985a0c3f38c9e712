"""Checkov's custom checks. They run in Checkov's own environment, which has nothing of ours: `checks.json` is written
from `policies/expectations.py` and the catalogue by `sde policy checkov --write`, and a test holds it to both."""
