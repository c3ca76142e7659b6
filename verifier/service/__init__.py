"""The services of a verifier: where messages end and decisions begin."""
