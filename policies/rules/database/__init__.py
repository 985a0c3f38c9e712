"""Rules for PostgreSQL and SQL servers."""
