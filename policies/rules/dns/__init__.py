"""Rules for DNS security policies."""
