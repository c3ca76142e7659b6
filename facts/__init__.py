"""What parties must agree on byte by byte, outside any circuit: commitments, trees, public inputs, signed facts."""
