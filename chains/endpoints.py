"""The addresses of a chain's nodes, as every document that names a chain has them."""

from chains.rpc import MOST_ENDPOINTS
from margin.documents.reading import MAX_TEXT, Fields
from margin.errors import MalformedError, Reason


def read_endpoints(fields: Fields) -> tuple[str, ...]:
    """The addresses of nodes, which are repeated nowhere."""
    expected = f"a list of 1 to {MOST_ENDPOINTS} addresses"
    listed = fields.take_required("endpoints", expected)
    is_list = isinstance(listed, list) and 1 <= len(listed) <= MOST_ENDPOINTS
    if not isinstance(listed, list) or not is_list:
        raise MalformedError(Reason.NOT_A_LIST, "endpoints", found="something else", expected=expected)
    if not all(isinstance(each, str) and 0 < len(each) <= MAX_TEXT for each in listed):
        raise MalformedError(Reason.NOT_A_STRING, "endpoints", found="something else", expected=expected)
    return tuple(listed)
