"""The page of the trader: what a position is worth, what would end it, and what a proof of it would tell."""
