"""The stacks: one file each, which reads from top to bottom as its diagram."""
