"""What is read from chains and written to them: deposits of an escrow, gates that open, roots that are posted."""
