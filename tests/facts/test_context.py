"""A context is of one domain, one verifier, one contract on one chain, one recipient and one moment."""

from dataclasses import replace
from hashlib import sha256

import pytest

from facts.context import Binding, commit_context, name_domain
from margin.errors import Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

BINDING = Binding("verifier.example", 1, b"\x11" * 20, b"\x22" * 20, 1_800_000_000)


def test_the_canonical_bytes_are_as_documented() -> None:
    expected = b"ringfence.v1.binding\n\x00\x10verifier.example" + bytes(7) + b"\x01"
    expected += b"\x00\x14" + b"\x11" * 20 + b"\x00\x14" + b"\x22" * 20 + (1_800_000_000).to_bytes(8, "big")
    assert BINDING.encode() == expected
    assert BINDING.element == int(sha256(expected).hexdigest()[:62], 16)


def test_every_field_counts() -> None:
    bindings = [
        BINDING,
        replace(BINDING, verifier="another.example"),
        replace(BINDING, chain_id=2),
        replace(BINDING, contract=b"\x33" * 20),
        replace(BINDING, recipient=b"\x33" * 20),
        replace(BINDING, expiry=1_800_000_001),
    ]
    contexts = {commit_context(domain, binding) for binding in bindings for domain in (1, 2)}
    assert len(contexts) == 2 * len(bindings)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("verifier", ""),
        ("verifier", "x" * 256),
        ("chain_id", 0),
        ("chain_id", 2**64),
        ("contract", b""),
        ("contract", bytes(65)),
        ("recipient", b""),
        ("recipient", bytes(65)),
        ("expiry", 0),
        ("expiry", 2**64),
    ],
)
def test_the_bounds_of_a_binding(name: str, bad: object) -> None:
    assert refused(replace, BINDING, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


def test_a_domain_has_one_name() -> None:
    assert name_domain("test") != name_domain("main")
    assert refused(commit_context, GROUP_ORDER, BINDING) == (Reason.OUT_OF_BOUNDS, "domain")
