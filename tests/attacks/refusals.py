"""What an attack comes to."""

from collections.abc import Callable

import pytest

from snark.errors import Reason, SnarkError


def refused(act: Callable[..., object], *given: object, **named: object) -> Reason:
    """Why it was refused; that it was is asserted."""
    with pytest.raises(SnarkError) as caught:
        act(*given, **named)
    return caught.value.reason
