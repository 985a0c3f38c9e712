"""Rules for storage accounts, their containers and what protects the blobs in them."""
