"""What a caller's program uses: domain objects to and from the wire."""
