"""A Plan in other people's forms."""
