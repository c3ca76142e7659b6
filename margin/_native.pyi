from collections.abc import Sequence

from margin.batch_terms import BatchTerms

def version() -> str: ...
def evaluate_columns(
    terms: BatchTerms, inputs: Sequence[memoryview], outputs: Sequence[memoryview]
) -> tuple[int, int, int, int, int]: ...
