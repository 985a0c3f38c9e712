"""Who has which right on what: the access view of an estate, and what a change does to it."""
