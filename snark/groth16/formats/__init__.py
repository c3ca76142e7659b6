"""Keys, proofs and public inputs as files and bytes that other tools read and write."""
