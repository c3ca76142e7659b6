"""What parties must agree on byte by byte, outside any circuit: commitments, trees, and the order of public inputs."""
