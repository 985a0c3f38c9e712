"""The checkers of the mutation run that read a template instead of a plan, and the report of all checkers side by side."""
