"""Azure Policy as the local Azure enforces it: the language of rules, and what an assigned rule refuses."""
