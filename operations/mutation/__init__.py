"""The checkers of the mutation run that read a template, not a plan, and the report of all checkers side by side."""
