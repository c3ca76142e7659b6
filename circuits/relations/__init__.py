"""Relations: what margin and facts ask of numbers, as rules that any statement about them can use."""
