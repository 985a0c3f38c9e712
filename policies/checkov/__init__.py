"""Checkov's custom checks. They run in Checkov's own environment, without our packages: `sde policy checkov` copies
them to a temporary folder, with the requirements of the catalogue as `checks.json`."""
