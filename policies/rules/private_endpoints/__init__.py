"""Rules for private endpoints and their private DNS zones."""
