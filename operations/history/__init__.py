"""What the ledger says of an estate, read for people: each change with its result, its meaning and its access."""
