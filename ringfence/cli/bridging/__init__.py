"""A bridge between two real chains on one machine: everybody who takes part, what they do, and what the chains say."""
