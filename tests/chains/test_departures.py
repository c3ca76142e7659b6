"""Words by which locks left are kept, and are as good behind a restart as before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chains.departures import Departures, Seizures
from chains.gate import Quorum, join_signatures
from chains.guarding import MembersOf
from facts.attestation import Attestation, SignedAttestation, SignedForChain
from facts.log_entry import Event, State
from facts.secp256k1 import SigningKey
from margin.errors import RejectedError
from tests.facts.attestations import ACCEPTED, KEY, chain_key_of, sign

ONE, OTHER = chain_key_of("one verifier"), chain_key_of("another verifier")
FREED = replace(ACCEPTED, event=Event.FREE, revision=1, held=(5,), left=(41, 42))
BOTH = Quorum(0, frozenset({ONE.address, OTHER.address}), 2)


@dataclass
class Now:
    """What verifiers say now."""

    said: Sequence[SignedForChain] = field(default_factory=list)

    def find_holder(self, nullifier: int) -> str | None:
        raise AssertionError(nullifier)

    def ask(self, acceptance: str, _: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        return [each for each in self.said if each.attestation.acceptance == acceptance]


def word(said: Attestation = FREED, by: SigningKey = ONE) -> SignedAttestation:
    return sign(said, KEY, by)


def test_what_was_kept_is_there_behind_a_restart(tmp_path: Path) -> None:
    Departures(tmp_path / "words", Now()).keep(word())
    again = Departures(tmp_path / "words", Now())
    assert [again.find_holder(each) for each in (41, 42, 5)] == [FREED.acceptance] * 2 + [None]
    assert [(each.attestation, each.eip712_signer) for each in again.ask(FREED.acceptance)] == [(FREED, ONE.address)]


def test_a_word_of_one_that_was_kept_and_of_another_that_is_said_now_are_enough_together(tmp_path: Path) -> None:
    kept = Departures(tmp_path, Now([word(by=OTHER)]))
    kept.keep(word())
    assert len(join_signatures(kept.ask(FREED.acceptance), BOTH)) == 2
    kept.voices = Now()
    with pytest.raises(RejectedError):
        join_signatures(kept.ask(FREED.acceptance), BOTH)


def test_each_word_of_each_is_kept_once(tmp_path: Path) -> None:
    seized = replace(FREED, event=Event.SEIZE, state=State.SEIZED, revision=2, held=(), left=(5,))
    kept = Departures(tmp_path, Now())
    for each in (word(), word(), word(by=OTHER), word(seized)):
        kept.keep(each)
    assert len(list(tmp_path.iterdir())) == 3
    assert sorted(each.attestation.revision for each in kept.ask(FREED.acceptance)) == [1, 1, 2]
    assert kept.find_holder(5) == FREED.acceptance


def test_an_exit_is_held_against_what_was_seized_and_not_against_what_was_let_go(tmp_path: Path) -> None:
    seized = replace(FREED, event=Event.SEIZE, state=State.SEIZED, revision=2, held=(), left=(5,))
    kept = Departures(tmp_path, Now([word(seized, OTHER)]))
    for each in (word(), word(seized)):
        kept.keep(each)
    seizures = Seizures(kept)
    assert [seizures.find_holder(each) for each in (41, 5)] == [None, FREED.acceptance]
    assert list(seizures.ask(FREED.acceptance)) == list(kept.ask(FREED.acceptance))


def test_what_takes_nothing_away_and_what_no_chain_can_check_is_not_kept(tmp_path: Path) -> None:
    kept = Departures(tmp_path / "words", Now())
    kept.keep(word(ACCEPTED))
    kept.keep(replace(word(), eip712_digest=b"", eip712_signer=b"", eip712_signature=b""))
    assert not (tmp_path / "words").exists()
    assert kept.find_holder(41) is None


def test_attack_what_somebody_else_put_there_is_nobody_s_word(tmp_path: Path) -> None:
    """A file is as good as its signature: with another lock in it, it is of another signer than its name says."""
    Departures(tmp_path, Now()).keep(word())
    (path,) = tmp_path.iterdir()
    altered = replace(FREED, left=(41, 43)).encode().hex()
    path.write_text(path.read_text().replace(FREED.encode().hex(), altered))
    (tmp_path / "junk.json").write_text("{")
    (tmp_path / "link.json").symlink_to(tmp_path)
    kept = Departures(tmp_path, Now())
    assert [kept.find_holder(each) for each in (41, 43)] == [None, None]
    assert kept.ask(FREED.acceptance) == []
    kept.keep(word())
    assert Departures(tmp_path, Now()).find_holder(42) == FREED.acceptance
