"""What a refusal said: its reason and its field."""

from collections.abc import Callable

import pytest

from margin.errors import MarginError, Reason


def refused(act: Callable[..., object], *given: object, **named: object) -> tuple[Reason, str]:
    """The reason and the field with which ``act`` refuses what it is given."""
    with pytest.raises(MarginError) as caught:
        act(*given, **named)
    return caught.value.reason, caught.value.field
