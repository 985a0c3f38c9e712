"""The catalogue: one policy a file, found by `policies.catalogue.load`."""
