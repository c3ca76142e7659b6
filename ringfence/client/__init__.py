"""What a caller's program uses: servers to ask, and a check of everything that they answer."""
