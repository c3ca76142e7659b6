"""What the browser computes of the log, held against the definition: every proof of small trees, and each altered."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from facts.attestation import SignedAttestation
from facts.attestation_document import render_attestation
from facts.ed25519 import SigningKey
from facts.log_entry import Event, LogEntry, LoggedClaim, State
from facts.log_head import LogHead
from facts.log_proof import hash_leaf
from facts.public_inputs import PublicInputs
from facts.secp256k1 import ORDER
from tests.console.front import ask_sources, needs_tools
from tests.facts.attestations import (
    ACCEPTED,
    CHAIN_KEY,
    CHAIN_STRANGER,
    KEY,
    LAPSED,
    SEIZED,
    STRANGER,
    sign,
)
from tests.facts.test_log_entry import ENTRY
from tests.facts.test_log_proof import LEAVES, TREE, define_root
from verifier.log import prove_consistency, prove_inclusion, sign_head

ENTRIES = (
    ENTRY,
    LogEntry(Event.LAPSE, State.LAPSED, "ef" * 32, 3, 1_800_000_700, 1_800_000_600, (5,), (), None),
    LogEntry(Event.FREE, State.RELEASED, "ab" * 32, 2, 1_800_000_900, 1_800_000_600, (), (5, 2**253), None),
)
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 21, 40)
pytestmark = [needs_tools, pytest.mark.slow]


def judge(**vectors: Any) -> Any:  # noqa: ANN401 - JSON there and back
    """What the browser's own code makes of vectors."""
    nothing = dict.fromkeys(("attestations", "statements", "inclusion", "consistency", "entries", "notes"), ())
    return ask_sources("check", {**nothing, **vectors})


def flip(digest: str) -> str:
    """Another digest."""
    return f"{int(digest[0], 16) ^ 1:x}{digest[1:]}"


def inclusions() -> list[dict[str, Any]]:
    found = []
    for size in SIZES:
        for index in range(size):
            path = [step.hex() for step in prove_inclusion(index, size, TREE.read)]
            leaf, root = LEAVES[index].hex(), define_root(LEAVES[:size]).hex()
            found.append({"leaf": leaf, "index": index, "size": size, "path": path, "root": root})
    return found


def consistencies() -> list[dict[str, Any]]:
    found = []
    for larger in SIZES:
        for size in range(1, larger + 1):
            path = [step.hex() for step in prove_consistency(size, larger, TREE.read)]
            roots = [define_root(LEAVES[:count]).hex() for count in (size, larger)]
            found.append({"size": size, "larger": larger, "root": roots[0], "largerRoot": roots[1], "path": path})
    return found


def test_every_leaf_is_found_and_nothing_else() -> None:
    good = inclusions()
    bad = [
        altered
        for each in good
        for altered in (
            {**each, "leaf": each["leaf"] + "00"},
            {**each, "root": flip(each["root"])},
            {**each, "path": [*each["path"], each["root"]]},
            {**each, "index": each["size"]},
            *({**each, "path": each["path"][:-1]} for _ in each["path"][:1]),
            *({**each, "path": [flip(each["path"][0]), *each["path"][1:]]} for _ in each["path"][:1]),
        )
    ]
    verdict = judge(inclusion=[*good, *bad])["inclusion"]
    assert verdict == [True] * len(good) + [False] * len(bad)


def test_every_beginning_is_one_and_nothing_else() -> None:
    good = consistencies()
    bad = [
        altered
        for each in good
        for altered in (
            {**each, "root": flip(each["root"])},
            {**each, "largerRoot": flip(each["largerRoot"])},
            {**each, "path": [*each["path"], each["root"]]},
            {**each, "size": 0},
            *({**each, "path": each["path"][:-1]} for _ in each["path"][:1]),
        )
    ]
    verdict = judge(consistency=[*good, *bad])["consistency"]
    assert verdict == [True] * len(good) + [False] * len(bad)


def test_entries_are_read_as_they_were_written() -> None:
    leaves = [entry.encode() for entry in ENTRIES]
    cut = [leaf[:-1] for leaf in leaves] + [leaf + b"\0" for leaf in leaves] + [b"x" + leaf[1:] for leaf in leaves]
    found = judge(entries=[leaf.hex() for leaf in [*leaves, *cut]])["entries"]
    assert found[len(leaves) :] == [None] * len(cut)
    for entry, read in zip(ENTRIES, found, strict=False):
        assert (read["event"], read["state"]) == (entry.event.name.lower(), entry.state.name.lower())
        assert (read["acceptance"], read["revision"]) == (entry.acceptance, entry.revision)
        assert (read["moment"], read["lapsesAt"]) == (entry.moment, entry.lapses_at)
        assert (read["held"], read["left"]) == tuple(
            [f"{each:064x}" for each in part] for part in (entry.held, entry.left)
        )
        assert (read["claim"] or {}).get("id") == (entry.claim.id if entry.claim else None)


def test_a_note_is_believed_for_the_signature_of_its_key() -> None:
    head = LogHead("clearing.example/log", 3, hash_leaf(b"three"))
    signer, other = (SigningKey.of_seed(bytes((number,)) * 32) for number in (1, 2))
    note = sign_head(head, signer).note
    named = {"origin": head.origin, "key": signer.public_key.hex()}
    asked = [
        {**named, "note": note},
        {**named, "note": note, "key": other.public_key.hex()},
        {**named, "note": note.replace("\n3\n", "\n4\n")},
        {**named, "note": note, "origin": "another.example/log"},
        {**named, "note": "no note"},
    ]
    good, foreign, altered, elsewhere, none = judge(notes=asked)["notes"]
    assert good == {"head": {**asdict(head), "root": head.root.hex()}, "signed": True}
    assert (foreign["signed"], altered["signed"], elsewhere["signed"], none) == (False, False, False, None)


# --- Attestations ----------------------------------------------------------------------------------------

CLAIMED = LoggedClaim("ab" * 32, "cd" * 32, PublicInputs(1, 2, 3, ACCEPTED.position_tag, ACCEPTED.held, 7, 8))
LEAF = LogEntry(
    ACCEPTED.event,
    ACCEPTED.state,
    ACCEPTED.acceptance,
    ACCEPTED.revision,
    ACCEPTED.moment,
    ACCEPTED.lapses_at,
    ACCEPTED.held,
    ACCEPTED.left,
    CLAIMED,
)
PINNED = {"verifier": ACCEPTED.verifier, "domain": ACCEPTED.domain}
PINNED_KEYS = {"keys": [KEY.public_key.hex()], "signers": [CHAIN_KEY.address.hex()]}


def attested(signed: SignedAttestation, leaf: LogEntry = LEAF, index: int = 7, **pinned: object) -> dict[str, Any]:
    """What a page is told of an attestation."""
    told = {"document": render_attestation(signed), "leaf": leaf.encode().hex(), "index": index}
    return {**told, "pinned": {**PINNED, **PINNED_KEYS, **pinned}}


def test_statements_are_written_as_they_were_read_and_hashed_as_contracts_hash_them() -> None:
    said = [ACCEPTED, SEIZED, replace(LAPSED, log_index=9)]
    verdict = judge(statements=[each.encode().hex() for each in said])["statements"]
    digests = [each.digest.hex() if each.is_for_a_chain else None for each in said]
    assert verdict == [
        {"again": each.encode().hex(), "digest": digest} for each, digest in zip(said, digests, strict=True)
    ]


def test_an_attestation_is_believed_as_a_bridge_would() -> None:
    signed, plain = sign(ACCEPTED), sign(ACCEPTED, chain_key=None)
    seized = replace(LEAF, event=SEIZED.event, state=SEIZED.state, revision=SEIZED.revision, moment=SEIZED.moment)
    seized = replace(seized, lapses_at=SEIZED.lapses_at, held=SEIZED.held, left=SEIZED.left)
    seized = replace(seized, claim=LoggedClaim(str(SEIZED.claim_id), str(SEIZED.key_id), CLAIMED.inputs))
    late = replace(LAPSED, log_index=9)
    lapsed = LogEntry(late.event, late.state, late.acceptance, late.revision, late.moment, late.lapses_at, (), (), None)
    lapsed = replace(lapsed, held=late.held, left=late.left)
    elsewhere = {"verifier": LAPSED.verifier, "domain": LAPSED.domain, "signers": []}
    verdict = judge(
        attestations=[
            attested(signed),
            attested(signed, signers=[]),
            attested(plain, signers=[]),
            attested(sign(SEIZED), seized, SEIZED.log_index),
            attested(sign(late, chain_key=None), lapsed, 9, **elsewhere),
        ]
    )["attestations"]
    key, signer = KEY.public_key.hex(), CHAIN_KEY.address.hex()
    both, alone = {"signedBy": key, "signedForChainBy": signer}, {"signedBy": key, "signedForChainBy": None}
    assert verdict == [both, both, alone, both, alone]


def test_an_attestation_that_is_anything_else_is_refused() -> None:
    signed = sign(ACCEPTED)
    leaves = [
        replace(LEAF, event=Event.REFRESH),
        replace(LEAF, state=State.REFRESHED),
        replace(LEAF, acceptance="ba" * 32),
        replace(LEAF, revision=1),
        replace(LEAF, moment=LEAF.moment + 1),
        replace(LEAF, lapses_at=LEAF.lapses_at + 1),
        replace(LEAF, held=LEAF.held[:1]),
        replace(LEAF, left=(5,)),
        replace(LEAF, claim=replace(CLAIMED, id="aa" * 32)),
        replace(LEAF, claim=replace(CLAIMED, inputs=replace(CLAIMED.inputs, position_tag=5))),
    ]
    unlike = "the attestation does not say what the leaf says"
    other = replace(signed, ed25519_signature=sign(ACCEPTED, key=STRANGER).ed25519_signature)
    foreign = sign(ACCEPTED, chain_key=CHAIN_STRANGER)
    numbers = signed.eip712_signature
    high = (ORDER - int.from_bytes(numbers[32:64], "big")).to_bytes(32, "big") + bytes((55 - numbers[64],))
    wrong = {
        unlike: [*(attested(signed, leaf) for leaf in leaves), attested(signed, index=8)],
        "the word of another verifier": [attested(signed, verifier="desk-2"), attested(signed, domain="other.example")],
        "signed by a key that is not pinned": [attested(sign(ACCEPTED, key=STRANGER)), attested(signed, keys=[])],
        "the pinned key did not sign this attestation": [attested(other)],
        "not signed for the chain": [attested(sign(ACCEPTED, chain_key=None))],
        "signed for the chain by an address that is not pinned": [attested(foreign)],
        "signed for the chain over something else": [attested(replace(signed, eip712_digest=bytes(32)))],
        "the signature for the chain is of another address": [
            attested(replace(signed, eip712_signature=foreign.eip712_signature))
        ],
        "the other one of two spellings": [attested(replace(signed, eip712_signature=numbers[:32] + high))],
        "no signature for a chain": [attested(replace(signed, eip712_signature=numbers[:64] + b"\x1d"))],
        "no document": [{**attested(signed), "document": "{"}],
        "a document of another format": [{**attested(signed), "document": text} for text in ("null", "[]", "{}")],
        "no attestation is so long": [{**attested(signed), "document": " " * 20_001}],
    }
    verdict = judge(attestations=[each for listed in wrong.values() for each in listed])["attestations"]
    assert verdict == [message for message, listed in wrong.items() for _ in listed]
