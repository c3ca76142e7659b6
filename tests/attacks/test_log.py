"""The attacks on the log: A2, L1, L2, R6 and X4; each test has the id of its threat."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.ed25519 import SigningKey
from facts.log_entry import ENTRY_PREFIX, LogEntry
from facts.log_head import LogHead, LogKey, SignedHead, verify_head
from facts.log_proof import hash_leaf, hash_node, verify_consistency, verify_inclusion
from margin.errors import MarginError, Reason
from tests.facts.refusals import refused
from tests.snark.shared_vectors import VECTORS, needs_vectors
from tests.verifier.claims import IDENTITY, TERMS, UPKEEP, Watch, ask, prove
from verifier.log import sign_head
from verifier.store.database import Database
from verifier.store.ledger import Ledger

INCLUSION = sorted(VECTORS.glob("rfc6962_inclusion/**/*.json"))
CONSISTENCY = sorted(VECTORS.glob("rfc6962_consistency/**/*.json"))


def check_inclusion(vector: dict[str, object]) -> None:
    """A vector of inclusion, put to the verifier."""
    leaf, root = (b64decode(str(vector[name] or "")) for name in ("leafHash", "root"))
    proof = [b64decode(step) for step in vector["proof"] or []]  # type: ignore[attr-defined]
    verify_inclusion(leaf, vector["leafIdx"], vector["treeSize"], proof, root)  # type: ignore[arg-type]


def check_consistency(vector: dict[str, object]) -> None:
    """A vector of consistency, put to the verifier."""
    root, larger_root = (b64decode(str(vector[name] or "")) for name in ("root1", "root2"))
    proof = [b64decode(step) for step in vector["proof"] or []]  # type: ignore[attr-defined]
    verify_consistency(vector["size1"], vector["size2"], root, larger_root, proof)  # type: ignore[arg-type]


def holds(path: Path) -> bool:
    """Whether a vector was accepted, as the file says it should be or not."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    check = check_inclusion if "leafHash" in vector else check_consistency
    try:
        check(vector)
    except MarginError:
        assert vector["wantErr"], path
        return False
    assert not vector["wantErr"], path
    return True


@needs_vectors
def test_l1_every_vector_from_elsewhere() -> None:
    """184 must fail and 12 must pass."""
    results = [holds(path) for path in INCLUSION + CONSISTENCY]
    assert (results.count(False), results.count(True)) == (184, 12)


def test_l2_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = hash_leaf(b"left"), hash_leaf(b"right")
    assert hash_node(left, right) != hash_leaf(left + right)
    forged = hash_leaf(left + right)
    assert refused(verify_inclusion, forged, 0, 1, [], hash_node(left, right))[0] == Reason.WRONG_ROOT


def test_l2_the_log_is_the_same_after_a_restart(database: Database, clock: Watch) -> None:
    ledger = Ledger(database, IDENTITY, clock)
    for number in range(1, 6):
        ledger.accept(ask(), prove(number, tag=number), TERMS)
    before = ledger.head
    database.close()
    again = Ledger(database, IDENTITY, clock)
    assert again.head == before
    again.accept(ask(), prove(6, tag=6), TERMS)
    after, proof = again.head, again.consistency_proof(before.size, before.size + 1)
    verify_consistency(before.size, after.size, before.root, after.root, proof)


def test_l2_the_log_never_shrinks_under_who_has_seen_it(database: Database, clock: Watch) -> None:
    ledger = Ledger(database, IDENTITY, clock)
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    ledger.refresh(ask(), acceptance.id, prove(1, policy=UPKEEP))
    with database.write() as transaction:
        for table in ("request", "claim", "change", "log_node", "log_leaf"):
            transaction.execute(f"DELETE FROM {table} WHERE place >= 1")  # noqa: S608 - names of this test
    assert refused(ledger.accept, ask(), prove(2, tag=2), TERMS) == (Reason.LOG_SHRUNK, "log")
    assert refused(getattr, ledger, "head") == (Reason.LOG_SHRUNK, "log")


def test_l2_no_leaf_changes_under_who_has_seen_it(database: Database, clock: Watch) -> None:
    ledger = Ledger(database, IDENTITY, clock)
    ledger.accept(ask(), prove(1), TERMS)
    with database.write() as transaction:
        transaction.execute("UPDATE log_node SET digest = ? WHERE level = 0 AND place = 0", hash_leaf(b"another"))
    assert refused(ledger.require_writable) == (Reason.LOG_FORKED, "log")


def test_l2_two_heads_of_one_size_are_not_consistent() -> None:
    one, other = hash_leaf(b"one"), hash_leaf(b"other")
    assert refused(verify_consistency, 1, 1, one, other, []) == (Reason.WRONG_ROOT, "larger_root")


SIGNER = SigningKey.of_seed(bytes(range(32)))
KEY = LogKey(IDENTITY.origin, SIGNER.public_key)
SIGNED = sign_head(LogHead(IDENTITY.origin, 7, hash_leaf(b"seven")), SIGNER)


def test_l2_every_bit_of_a_signature_counts() -> None:
    for place in range(64):
        altered = bytearray(SIGNED.signature)
        altered[place] ^= 1
        assert refused(verify_head, SignedHead(SIGNED.head, KEY.hint, bytes(altered)).note, KEY)[0] == (
            Reason.WRONG_SIGNATURE
        )


def test_r6_a_head_is_no_other_message() -> None:
    """Whatever else is signed begins with the product's namespace; no head does."""
    with pytest.raises(MarginError):
        LogHead("ringfence.v1.binding", 7, hash_leaf(b"seven"))
    assert not SIGNED.head.text.startswith("ringfence.v1.")


def test_a2_another_key_does_not_sign_for_the_log() -> None:
    other = SigningKey.of_seed(bytes(32))
    forged = SignedHead(SIGNED.head, KEY.hint, other.sign(SIGNED.head.text.encode()))
    assert refused(verify_head, forged.note, KEY) == (Reason.WRONG_SIGNATURE, "signature")


# --- X4: what is no entry and no head ----------------------------------------------------------------------


@given(data=st.binary(max_size=700), begins_well=st.booleans())
def test_x4_any_bytes_are_an_entry_or_refused(data: bytes, *, begins_well: bool) -> None:
    whole = ENTRY_PREFIX + data if begins_well else data
    try:
        assert LogEntry.decode(whole).encode() == whole
    except MarginError:
        return


@given(
    text=st.text(max_size=300),
    begin=st.sampled_from(["", SIGNED.head.text, f"{SIGNED.head.text}\n\u2014 {KEY.origin} "]),
)
def test_x4_any_text_is_refused_where_a_head_belongs(text: str, begin: str) -> None:
    with pytest.raises(MarginError):
        verify_head(begin + text, KEY)
