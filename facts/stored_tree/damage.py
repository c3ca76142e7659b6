"""What a stored tree says where its files are not what it wrote."""

from margin.errors import InternalError, Reason


def damaged(field: str, found: str, expected: str) -> InternalError:
    """A file that somebody altered or a disk has lost; nothing that is read from it may be used."""
    return InternalError(Reason.BROKEN_INVARIANT, field, found=found, expected=expected)
