"""What a verifier says of itself comes back as it went."""

from dataclasses import replace
from hashlib import sha256

import pytest

from facts.log_head import LogKey
from facts.policy import StatementPolicy
from facts.signed import Purpose
from margin.errors import MalformedError, Reason
from margin.requirement import RequirementKind
from ringfence.wire.trust import (
    TrustedCommittee,
    TrustedDestination,
    TrustedKey,
    TrustReport,
    read_trust,
    write_trust,
)
from tests.facts.specimens import GOVERNANCE, ORACLE, key_of
from tests.ringfence.wire.faults import taken

KEY_BYTES = b"the canonical bytes of a key"
TRUST = TrustReport(
    domain="clearing.example",
    verifier="desk-1",
    keys=(TrustedKey(sha256(KEY_BYTES).hexdigest(), "perp-k1", is_for_development=True, canonical=KEY_BYTES),),
    committees=(
        TrustedCommittee(
            Purpose.ORACLE, "prices.example", ORACLE.digest, 3, 4, tuple(each.key for each in ORACLE.members), 30
        ),
        TrustedCommittee(
            Purpose.GOVERNANCE, "ringfence.example", GOVERNANCE.digest, 2, 2, (GOVERNANCE.members[0].key,), 0
        ),
    ),
    attestation_keys=(key_of("a").public_key, key_of("b").public_key),
    eip712_signers=(b"\x01" * 20,),
    log=LogKey("clearing.example/log", key_of("log").public_key),
    destinations=(
        TrustedDestination(
            1,
            b"\x11" * 20,
            StatementPolicy(RequirementKind.INITIAL, 1, 2, 3),
            StatementPolicy(RequirementKind.MAINTENANCE, 1, 2, 3),
            600,
        ),
    ),
)


def test_trust_comes_back_as_it_went() -> None:
    assert read_trust(write_trust(TRUST)) == TRUST


def test_every_fault_is_refused_by_its_path_or_changes_who_is_named() -> None:
    through = taken(write_trust(TRUST), read_trust)
    named = {("domain", "padded"), ("verifier", "padded"), ("keys[0].is_for_development", "other")}
    named |= {("keys[0].verifying_key", "empty")}
    keys = {(f"attestation_keys[{place}]", "zeros") for place in range(2)} | {("eip712_signers[0]", "zeros")}
    members = {("committees[0].members[0]", "zeros"), ("committees[1].members[0]", "zeros")}
    ages = {("committees[0].longest_age_seconds", "zero")}
    places = {("destinations[0].contract", how) for how in ("shorter", "longer", "zeros")}
    places |= {("destinations[0].chain_id", "largest")}
    words = {
        (f"destinations[0].{policy}.{name}_ppm", "zero")
        for policy in ("entry", "upkeep")
        for name in ("shock", "buffer")
    }
    assert through == named | keys | members | ages | places | words


def test_a_verifier_of_an_earlier_release_names_its_keys_alone() -> None:
    named = replace(TRUST, keys=(replace(TRUST.keys[0], canonical=b""),))
    assert read_trust(write_trust(named)) == named


def test_a_key_is_that_of_its_id() -> None:
    message = write_trust(replace(TRUST, keys=(replace(TRUST.keys[0], canonical=b"another"),)))
    with pytest.raises(MalformedError) as refused:
        read_trust(message)
    assert (refused.value.reason, refused.value.field) == (Reason.CONFLICTING_FIELDS, "keys[0].verifying_key")


def test_a_verifier_signs_with_some_key() -> None:
    message = write_trust(TRUST)
    message.ClearField("attestation_keys")
    with pytest.raises(MalformedError) as refused:
        read_trust(message)
    assert refused.value.field == "attestation_keys"
