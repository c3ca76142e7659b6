"""Where a server listens: ``127.0.0.1:50051``, ``[::1]:50051`` or ``unix:/run/ringfence/prover.sock``."""

import ipaddress
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from serving.errors import MalformedError, MisuseError, Reason

UNIX: Final = "unix:"
TCP: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})")
PORTS: Final = 1 << 16


def require_address(address: str, field: str = "listen.address") -> str:
    """An address in numbers: a name could mean another machine tomorrow."""
    if address.startswith(UNIX) and len(address) > len(UNIX):
        return address
    found = TCP.fullmatch(address)
    try:
        if found is not None and int(found[3]) < PORTS:
            ipaddress.ip_address(found[1] or found[2])
            return address
    except ValueError:
        pass
    expected = "an IP address with its port, or unix: and a path"
    raise MalformedError(Reason.NOT_READABLE, field, found=address, expected=expected)


def is_private(address: str) -> bool:
    """Whether nobody but this machine can reach it."""
    if address.startswith(UNIX):
        return True
    found = TCP.fullmatch(address)
    return found is not None and ipaddress.ip_address(found[1] or found[2]).is_loopback


def require_private(address: str, field: str = "listen.address") -> None:
    """Without TLS a server listens where nobody else can reach it, or not at all."""
    if not is_private(address):
        expected = "a loopback address or a unix socket, or TLS with client certificates"
        raise MisuseError(Reason.NOT_PRIVATE, field, found=address, expected=expected)


def require_loopback(address: str, field: str) -> str:
    """Where a browser of this machine finds a page, and nobody else does."""
    require_private(require_address(address, field), field)
    if address.startswith(UNIX):
        raise MisuseError(Reason.NOT_PRIVATE, field, found=address, expected="a loopback address with its port")
    return address


@contextmanager
def owner_only() -> Iterator[None]:
    """A socket that is made in this block belongs to its owner alone."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
