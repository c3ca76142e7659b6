"""How fast the parts are, on the machine at hand; ``results/`` keeps the tables that were reviewed."""
