"""Functions that several rules share: keys, durations, virtual machines, storage accounts, flows."""
