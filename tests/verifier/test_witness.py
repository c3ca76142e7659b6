"""The witness file by itself; what it is for is in the attacks R10."""

from pathlib import Path

import pytest

from facts.ed25519 import SigningKey
from facts.log_head import LogKey, verify_head
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, TERMS, ask, prove
from verifier.log import sign_head
from verifier.store.ledger import Ledger
from verifier.witness import WitnessFile, require_witnessed

SIGNER = SigningKey.of_seed(bytes(range(32)))
KEY = LogKey(IDENTITY.origin, SIGNER.public_key)


def test_an_empty_log_can_be_witnessed(ledger: Ledger, tmp_path: Path) -> None:
    witness = WitnessFile(tmp_path / "witness", KEY)
    assert witness.read() is None
    witness.advance(sign_head(ledger.head, SIGNER), ledger)
    require_witnessed(ledger, witness)
    ledger.accept(ask(), prove(1), TERMS)
    require_witnessed(ledger, witness)


def test_the_file_is_a_note_that_anybody_can_check(ledger: Ledger, tmp_path: Path) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    signed = sign_head(ledger.head, SIGNER)
    WitnessFile(tmp_path / "witness", KEY).advance(signed, ledger)
    assert verify_head((tmp_path / "witness").read_text(encoding="utf-8"), KEY) == signed
    assert sorted(path.name for path in tmp_path.glob("*witness*")) == ["witness", "witness.lock"]


@pytest.mark.parametrize("place", ["nowhere/witness", "."])
def test_a_witness_out_of_reach_is_no_witness(ledger: Ledger, tmp_path: Path, place: str) -> None:
    witness = WitnessFile(tmp_path / place, KEY)
    assert refused(witness.advance, sign_head(ledger.head, SIGNER), ledger) == (Reason.STORE_UNAVAILABLE, "witness")
