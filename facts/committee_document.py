"""A committee as people write it: whom a verifier pins as governance, and whom governance appoints.

    format = "ringfence.committee/1"
    purpose = "oracle"
    scope = "prices.example"
    active_from = "2027-01-01T00:00:00Z"
    threshold = 3
    quorum = 4

    [[members]]
    key = "d75a98..."
    valid_from = "2027-01-01T00:00:00Z"
    valid_until = "2028-01-01T00:00:00Z"

``epoch`` and ``predecessor`` are left out of a first committee. See ``committee.schema.json`` for every field.
"""

from datetime import UTC, datetime
from typing import Final

from facts.canonical import DIGEST_BYTES, NO_DIGEST
from facts.committee import EPOCH_BITS, FIRST_EPOCH, MAX_MEMBERS, Committee, Member
from facts.demand import read_moment
from facts.ed25519 import KEY_BYTES
from facts.signed import Purpose
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

COMMITTEE_FORMAT: Final = "ringfence.committee/1"


def read_committee(content: object) -> Committee:
    """A committee document, checked to the last field."""
    with Fields(content) as fields:
        return read_committee_fields(fields)


def read_committee_fields(fields: Fields) -> Committee:
    """The committee of fields that stand alone or in another document."""
    found = fields.text("format", COMMITTEE_FORMAT)
    if found != COMMITTEE_FORMAT:
        raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{COMMITTEE_FORMAT}"')
    members = [read_member(each) for each in fields.items("members", MAX_MEMBERS)]
    return Committee(
        purpose=fields.choice("purpose", Purpose),
        scope=fields.text("scope"),
        epoch=fields.integer("epoch", FIRST_EPOCH, 2**EPOCH_BITS - 1, FIRST_EPOCH),
        predecessor=read_digest(fields, "predecessor") if fields.has("predecessor") else NO_DIGEST,
        active_from=read_moment(fields, "active_from"),
        threshold=fields.integer("threshold", 1, MAX_MEMBERS),
        quorum=fields.integer("quorum", 1, MAX_MEMBERS),
        members=tuple(sorted(members, key=lambda member: member.key)),
    )


def read_member(fields: Fields) -> Member:
    """A key, and for how long it counts."""
    with fields:
        return Member(
            read_hexadecimal(fields, "key", KEY_BYTES),
            read_moment(fields, "valid_from"),
            read_moment(fields, "valid_until"),
        )


def read_digest(fields: Fields, name: str) -> bytes:
    """A SHA-256."""
    return read_hexadecimal(fields, name, DIGEST_BYTES)


def read_hexadecimal(fields: Fields, name: str, count: int) -> bytes:
    """So many bytes in their one spelling: two lower-case hexadecimal digits for each."""
    return parse_hexadecimal(fields.text(name), name, count)


def parse_hexadecimal(text: str, name: str, count: int) -> bytes:
    """So many bytes of lower-case hexadecimal digits."""
    if len(text) != 2 * count or not set(text) <= set("0123456789abcdef"):
        expected = f"{2 * count} lower-case hexadecimal digits"
        raise MalformedError(Reason.NOT_READABLE, name, found=text, expected=expected)
    return bytes.fromhex(text)


def describe_committee(committee: Committee) -> dict[str, object]:
    """The document of a committee."""
    later: dict[str, object] = {}
    if committee.epoch > FIRST_EPOCH:
        later = {"epoch": committee.epoch, "predecessor": committee.predecessor.hex()}
    return {
        "format": COMMITTEE_FORMAT,
        "purpose": committee.purpose.value,
        "scope": committee.scope,
        **later,
        "active_from": render_moment(committee.active_from),
        "threshold": committee.threshold,
        "quorum": committee.quorum,
        "members": [
            {
                "key": member.key.hex(),
                "valid_from": render_moment(member.valid_from),
                "valid_until": render_moment(member.valid_until),
            }
            for member in committee.members
        ],
    }


def render_moment(moment: int) -> str:
    """A moment as documents have it."""
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
