"""The doors of the mutation run that read a template, not a plan, and the report of all doors side by side."""
