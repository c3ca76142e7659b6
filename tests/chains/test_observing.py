"""What a gate holds is said by its observers, of a real chain: final, the same by all of them, and once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chains.gate import Quorum, join_signatures
from chains.observing.journal import NAME, Journal
from chains.observing.words import name_acceptance
from facts.attestation import Attestation
from facts.log_entry import Event, State
from margin.errors import InternalError, MisuseError, Reason
from tests.chains.nodes import needs_nodes
from tests.chains.observed import GATE_CHAIN, OBSERVERS, VENUE, Watched, open_gate
from tests.contracts.arena import PERIOD, undone
from tests.contracts.proof_gates import ENTRY, RECIPIENT, UPKEEP, Gate

pytestmark = [needs_nodes, pytest.mark.slow]

QUORUM = Quorum(1, frozenset(key.address for key in OBSERVERS), 2)


@pytest.fixture(scope="module")
def made() -> Iterator[Gate]:
    with open_gate() as gate:
        yield gate


@pytest.fixture
def watched(made: Gate, tmp_path: Path) -> Iterator[Watched]:
    with undone(made.arena):
        yield Watched(made, tmp_path)


def events(words: list[Attestation]) -> list[tuple[Event, int]]:
    return [(each.event, each.revision) for each in words]


# --- What is said -------------------------------------------------------------------------------------------


def test_a_lock_that_is_held_is_said_to_be(watched: Watched) -> None:
    claim = watched.accept()
    moment = watched.arena.now
    watched.finalise()
    watched.look()
    (said,) = watched.said
    name = watched.gate.contract.ask("name")
    assert (said.verifier, said.domain) == (name, name)
    assert (said.chain_id, said.contract, said.recipient) == (GATE_CHAIN, watched.gate.contract.address, RECIPIENT)
    assert (said.event, said.state, said.revision) == (Event.ACCEPT, State.ACCEPTED, 0)
    assert (said.acceptance, said.held, said.left) == (name_acceptance(claim.nullifier), (claim.nullifier,), ())
    assert (said.moment, said.lapses_at) == (moment, moment + PERIOD)
    assert (said.position_tag, said.policy, said.is_for_development) == (claim.tag, ENTRY, False)
    assert watched.look().shared == 0, "and once"


def test_a_refresh_a_lapse_and_a_seizure_are_said_as_they_are(watched: Watched) -> None:
    claim = watched.accept()
    watched.refresh(claim)
    lapses_at = watched.gate.contract.ask("find", claim.nullifier)[2]
    watched.finalise()
    watched.look()
    assert events(watched.said) == [(Event.REFRESH, 1)], "what was overtaken is said of nothing"
    watched.lapse()
    watched.look()
    lapse, seizure = watched.said[1:]
    assert (lapse.event, lapse.state, lapse.revision, lapse.held) == (Event.LAPSE, State.LAPSED, 2, (claim.nullifier,))
    assert (seizure.event, seizure.state, seizure.revision) == (Event.SEIZE, State.SEIZED, 3)
    assert (seizure.held, seizure.left, seizure.recipient) == ((), (claim.nullifier,), VENUE)
    assert {each.moment for each in (lapse, seizure)} == {each.lapses_at for each in (lapse, seizure)} == {lapses_at}


def test_what_was_let_go_is_said_and_can_be_paid_at_once(watched: Watched) -> None:
    claim = watched.accept()
    watched.gate.free(claim)
    moment = watched.arena.now
    watched.finalise()
    watched.look()
    (said,) = watched.said
    assert (said.event, said.state, said.revision, said.left) == (Event.FREE, State.RELEASED, 1, (claim.nullifier,))
    assert said.lapses_at == said.moment == moment, "the gate relies on it no more from this second on"


def test_observers_who_look_at_different_moments_say_the_same(watched: Watched) -> None:
    claim = watched.accept()
    watched.finalise()
    watched.look(0)
    watched.refresh(claim)
    watched.finalise()
    watched.look(0)
    watched.look(1)
    alike = [each for each in watched.words(claim) if each.attestation.revision == 1]
    assert len(join_signatures(alike, QUORUM)) == 2
    watched.lapse()
    watched.arena.node.advance(3 * PERIOD)
    watched.look(2)
    watched.look(1)
    alike = [each for each in watched.words(claim) if each.attestation.event is Event.SEIZE]
    assert len(join_signatures(alike, QUORUM)) == 2, "a lapse is of its moment, whoever saw it when"


def test_of_an_acceptance_the_newest_two_words_stay(watched: Watched) -> None:
    claim = watched.accept()
    for _ in range(4):
        watched.finalise()
        watched.look()
        watched.refresh(claim)
    assert sorted(each.attestation.revision for each in watched.words(claim)) == [2, 3]


# --- Attacks: time ----------------------------------------------------------------------------------------


def test_nothing_is_said_of_what_is_not_final(watched: Watched) -> None:
    watched.finalise()
    claim = watched.accept()
    watched.look()
    watched.arena.node.reorganise(1)
    watched.finalise()
    watched.look()
    assert watched.said == []
    assert watched.gate.contract.ask("find", claim.nullifier)[0] == 0


def test_attack_a_refresh_that_races_a_lapse_leaves_no_word_of_it(watched: Watched) -> None:
    """No clock but that of final blocks: time has passed for everybody, and for the gate it has not yet for good."""
    claim = watched.accept()
    watched.finalise()
    watched.look()
    before = watched.arena.node.ask("evm_snapshot")
    watched.arena.node.advance(PERIOD)
    watched.look()
    assert events(watched.said) == [(Event.ACCEPT, 0)], "the block with the lapse is not final"
    assert watched.arena.node.ask("evm_revert", before)
    watched.refresh(claim)
    watched.finalise()
    watched.look()
    assert events(watched.said) == [(Event.ACCEPT, 0), (Event.REFRESH, 1)]


def test_attack_what_was_said_to_have_lapsed_is_never_refreshed_again(watched: Watched) -> None:
    claim = watched.accept(expiry=watched.arena.now + 10 * PERIOD)
    watched.lapse()
    watched.look()
    assert events(watched.said) == [(Event.LAPSE, 1), (Event.SEIZE, 2)]
    watched.renew()
    for function, proof in (
        ("refresh", watched.gate.proof(claim, UPKEEP)),
        ("free", watched.gate.bare_proof(claim)),
        ("accept", watched.gate.proof(claim)),
    ):
        refused = watched.gate.refusal(claim, proof, function)
        assert refused == ("NullifierTaken" if function == "accept" else "Lapsed")


def test_attack_nobody_is_named_who_is_not_listed(watched: Watched) -> None:
    """Whoever owns a lock names whom it is pledged to: a word of seizure is for accounts that observers know."""
    listed, own = watched.accept(), watched.accept(nullifier=78, recipient=b"\x99" * 20)
    watched.lapse()
    watched.look()
    assert watched.newest(listed).recipient == VENUE
    assert watched.newest(own).event is Event.LAPSE
    watched.look(1, payees={})
    assert all(each.event is Event.LAPSE for each in watched.said[-2:])


def test_a_proof_that_opened_a_gate_opens_none_again_after_its_release(watched: Watched) -> None:
    claim = watched.accept()
    proof = watched.gate.proof(claim)
    watched.gate.free(claim)
    watched.finalise()
    watched.look()
    assert watched.gate.refusal(claim, proof) == "NullifierTaken"
    assert watched.gate.refusal(claim, watched.gate.proof(claim, UPKEEP), "refresh") == "Released"
    assert watched.newest(claim).state is State.RELEASED


# --- Attacks: the chain -----------------------------------------------------------------------------------


def test_attack_a_final_block_that_is_another_is_an_alarm(watched: Watched) -> None:
    watched.accept()
    watched.finalise()
    watched.look()
    watched.arena.node.mine()
    watched.look()
    watched.arena.node.reorganise(5)
    watched.finalise()
    with pytest.raises(InternalError) as alarm:
        watched.look()
    assert alarm.value.reason is Reason.CHAIN_REWRITTEN
    assert events(watched.said) == [(Event.ACCEPT, 0)]


# --- The journal --------------------------------------------------------------------------------------------


class FullError(OSError):
    """A folder that is not there."""


def test_what_was_written_down_leaves_after_a_start_and_as_it_was(watched: Watched) -> None:
    claim = watched.accept()
    watched.finalise()

    def fail(_: Attestation) -> None:
        raise FullError

    with watched.observing() as look, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Watched, "_share", lambda _, said, __: fail(said))
        with pytest.raises(FullError):
            look()
    assert watched.words(claim) == []
    assert watched.look().shared == 1
    assert [each.attestation.event for each in watched.words(claim)] == [Event.ACCEPT]


def test_a_folder_that_was_lost_comes_to_the_same_words(watched: Watched) -> None:
    claim = watched.accept()
    watched.lapse()
    watched.look()
    (watched.folder / "observe-0" / NAME).unlink()
    watched.look()
    assert watched.said[2:] == watched.said[:2]
    assert len(watched.words(claim)) == 2


def test_attack_of_one_revision_nothing_else_is_ever_said(watched: Watched) -> None:
    """Not by a list of venues that changes, with the folder thrown away: what was shared is still there."""
    watched.accept()
    watched.lapse()
    watched.look()
    for lost in (False, True):
        if lost:
            (watched.folder / "observe-0" / NAME).unlink()
            with pytest.raises(InternalError) as alarm:
                watched.look(payees={RECIPIENT: b"\x67" * 20})
            assert alarm.value.reason is Reason.CHAIN_REWRITTEN
        else:
            watched.look(payees={RECIPIENT: b"\x67" * 20})
    assert {each.recipient for each in watched.said if each.event is Event.SEIZE} <= {VENUE, b"\x67" * 20}
    shared = [each.attestation for each in watched.parts.ask(name_acceptance(77))]
    assert {each.recipient for each in shared if each.event is Event.SEIZE} == {VENUE}


def test_a_journal_takes_one_word_for_a_revision_and_none_that_comes_late(watched: Watched) -> None:
    watched.accept()
    watched.lapse()
    watched.look()
    lapse, seizure = watched.said
    gate = watched.gate.contract.address
    with Journal(watched.folder / "observe-0", GATE_CHAIN, gate, 1) as journal:
        mark = journal.mark
        assert mark is not None
        journal.advance(mark, [lapse, seizure])
        late = replace(lapse, event=Event.REFRESH, state=State.REFRESHED, revision=1)
        for other in (replace(seizure, recipient=b"\x67" * 20), late, replace(lapse, moment=lapse.moment + 1)):
            with pytest.raises(InternalError) as alarm:
                journal.advance(mark, [other])
            assert alarm.value.reason is Reason.CHAIN_REWRITTEN
        assert journal.newest(lapse.acceptance) == seizure


def test_a_journal_has_one_observer_of_one_gate(watched: Watched) -> None:
    gate = watched.gate.contract.address
    with watched.observing(), pytest.raises(MisuseError, match="in use"):
        Journal(watched.folder / "observe-0", GATE_CHAIN, gate, 1)
    for other in ((GATE_CHAIN, bytes(20), 1), (GATE_CHAIN + 1, gate, 1), (GATE_CHAIN, gate, 2)):
        with pytest.raises(MisuseError, match="another one"):
            Journal(watched.folder / "observe-0", *other)


def test_a_journal_says_what_the_gate_had_chained_and_one_that_did_not_is_refused(watched: Watched) -> None:
    watched.accept()
    watched.finalise()
    watched.look()
    gate = watched.gate.contract
    with Journal(watched.folder / "observe-0", GATE_CHAIN, gate.address, 1) as journal:
        assert journal.mark is not None
        assert journal.mark.chained == gate.ask("chained")
    with closing(sqlite3.connect(watched.folder / "observe-0" / NAME)) as connection, connection:
        connection.execute("UPDATE gate SET format = 'ringfence.observe-journal/1'")
    with pytest.raises(MisuseError, match="another one"):
        watched.look()


def test_a_journal_that_somebody_altered_is_an_alarm(watched: Watched) -> None:
    watched.accept()
    watched.finalise()
    watched.look()
    path = watched.folder / "observe-0" / NAME
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE word SET statement = substr(statement, 2), lapses_at = 0")
    watched.lapse()
    with pytest.raises(InternalError) as alarm:
        watched.look()
    assert alarm.value.reason is Reason.BROKEN_INVARIANT
    path.write_bytes(b"no journal" * 1000)
    with pytest.raises(InternalError) as alarm:
        watched.look()
    assert alarm.value.reason is Reason.BROKEN_INVARIANT
