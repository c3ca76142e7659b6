"""A proof of solvency, from a venue's accounts to the directory that it publishes."""
