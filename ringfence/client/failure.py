"""What every failed call tells; known by itself to who reports failures and has called nobody."""

from margin.errors import shorten


class ClientError(Exception):
    """What every failed call tells."""

    kind: str = "error"

    def __init__(self, reason: str, field: str, *, found: object, expected: str) -> None:
        self.reason = reason
        self.field = field
        self.found = shorten(found)
        self.expected = expected
        super().__init__(f"{field}: {reason}: found {self.found}, expected {expected}")
