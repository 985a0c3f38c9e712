"""Rules for Azure Machine Learning workspaces and computes."""
