"""The price book, and the idle price of a stack's resources."""
