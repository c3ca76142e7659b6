"""Who may see over TLS what a console sees, and what of it: nobody more than a verifier would show them."""

import asyncio
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509

from ringfence.console.application import stream_to
from ringfence.console.bulletin import Bulletin
from ringfence.console.guests import ASKED, RULES, Guests, covers
from serving.call import Caller
from serving.errors import MisuseError, Reason
from serving.last_good import LastGood
from serving.log import Log
from serving.page.certified import Guest
from serving.roles import ROLES, CertifiedCallers, read_role_table
from tests.serving.certificates import Authority, Folder

HOST, GUEST = "dns:console.example", "dns:guest.example"


def caller(name: str, *roles: str) -> Caller:
    return Caller(name, frozenset(roles))


def test_every_method_that_is_asked_has_a_rule() -> None:
    assert RULES.keys() == ASKED


@pytest.mark.parametrize(("host", "guest"), list(product(ROLES, ROLES)))
def test_a_guest_with_another_name_sees_no_more_than_its_role_would(host: str, guest: str) -> None:
    shown = {
        "venue": {"venue"},
        "acceptor": {"venue"},
        "trader": {"venue"},
        "reader": {"reader", "acceptor", "venue"},
        **{name: set(ROLES) for name in ("oracle", "watcher", "governance")},
    }
    assert covers(caller(GUEST, guest), caller(HOST, host)) is (guest in shown[host])


@pytest.mark.parametrize("role", ROLES)
def test_whoever_has_the_name_and_the_roles_sees_it(role: str) -> None:
    assert covers(caller(HOST, role), caller(HOST, role))


def test_the_name_alone_is_not_enough() -> None:
    assert not covers(caller(HOST, "reader"), caller(HOST, "acceptor"))
    assert not covers(caller(HOST), caller(HOST))
    assert not covers(caller(GUEST, "acceptor", "reader", "trader"), caller(HOST, "acceptor"))
    assert not covers(caller(GUEST, "acceptor"), caller(HOST, "venue", "reader"))


class Table:
    """A table of callers, and certificates of theirs."""

    def __init__(self, folder: Path) -> None:
        self.folder = Folder(folder)
        self.authority = Authority()

    def allow(self, **callers: Sequence[str]) -> None:
        self.folder.allow({f"dns:{name}.example": roles for name, roles in callers.items()})

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.authority.issue_client(f"{name}.example").certificate)

    def guests(self) -> Guests:
        path = self.folder.callers
        return Guests(
            CertifiedCallers(LastGood([path], lambda: read_role_table(path), Log())), self.certificate("console")
        )


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_nobody_gets_in_where_the_console_has_no_role(table: Table) -> None:
    table.allow(guest=["venue"])
    with pytest.raises(MisuseError) as refused:
        table.guests()
    assert refused.value.reason is Reason.BAD_CERTIFICATE
    table.allow(console=["reader"], guest=["venue"])
    guests = table.guests()
    guest = table.certificate("guest")
    assert guests.recognise(guest) == caller(GUEST, "venue")
    table.allow(guest=["venue", "reader"])
    assert guests.recognise(guest) is None


def test_a_stream_ends_when_its_guest_is_none_any_more(table: Table) -> None:
    table.allow(console=["reader"], guest=["reader"])
    guests, certificate = table.guests(), table.certificate("guest")
    guest = Guest(GUEST, lambda: guests.recognise(certificate) is not None)

    async def listen() -> list[bytes]:
        bulletin = Bulletin()
        bulletin.post("log", {"size": 1})
        told = []
        async for events in stream_to(bulletin, guest, guests):
            told.append(events)
            table.allow(console=["reader"])
            bulletin.post("log", {"size": 2})
        return told

    assert asyncio.run(listen()) == [b'event: log\ndata: {"size":1}\n\n']


@pytest.mark.parametrize(("name", "destinations"), [(HOST, [1]), (GUEST, [])])
def test_destinations_are_told_to_the_name_that_they_were_told_to(
    table: Table, name: str, destinations: list[int]
) -> None:
    table.allow(console=["reader"], guest=["venue"])
    guests = table.guests()

    async def listen() -> bytes:
        bulletin = Bulletin()
        bulletin.post("trust", {"verifier": "desk-1", "destinations": [1]})
        async for events in stream_to(bulletin, Guest(name, lambda: True), guests):
            return events
        raise AssertionError("nothing was told")

    told = json.loads(asyncio.run(listen()).decode().partition("data: ")[2])
    assert told == {"verifier": "desk-1", "destinations": destinations}
