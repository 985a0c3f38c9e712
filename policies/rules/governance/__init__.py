"""Rules for locations, tags, locks, resource types and deployment options, for all resources."""
