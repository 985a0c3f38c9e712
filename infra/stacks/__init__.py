"""The stacks: one file per kind of stack, each declares its resources in the order of its diagram."""
