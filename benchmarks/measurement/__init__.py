"""What every benchmark says beside its figures: the machine, and the memory that was needed."""
