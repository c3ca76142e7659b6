"""Exits are held against what is held, whichever came first, on a real node and under the escrow's own structs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chains.contracts import find_escrow
from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy, found
from chains.escrow import EXIT_REQUESTED
from chains.guarding import Contested, Guard, MembersOf
from chains.rpc import Chain, Limits, open_chain
from chains.transactions import Sender
from facts.attestation import Attestation, ChainWord, SignedForChain
from facts.log_entry import Event, State
from margin.errors import InternalError, Reason
from tests.chains.nodes import needs_nodes
from tests.chains.scripted_chain import node_of
from tests.chains.standing import GOVERNOR, PAUSE_SECONDS, PAYER, WEI
from tests.facts.attestations import ACCEPTED, KEY, chain_key_of, sign
from tests.facts.specimens import NOW

pytestmark = needs_nodes
VOICE, STRANGER = chain_key_of("a verifier of a domain"), chain_key_of("somebody")
TOKEN = "0x" + "07" * 20
DEPOSIT = (TOKEN, 10**6, 555, 777)
WINDOW, LIMIT = 1000, 5000
CROWD = 4 * 1024
NOBODY = "http://127.0.0.1:1"


@dataclass
class Held:
    """Who holds what, as a test has it."""

    said: Sequence[SignedForChain] = ()

    def find_holder(self, nullifier: int) -> str | None:
        held = (each.attestation for each in self.said)
        return next((each.acceptance for each in held if nullifier in (*each.held, *each.left)), None)

    def ask(self, acceptance: str, _: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        return [each for each in self.said if each.attestation.acceptance == acceptance]


@dataclass
class Watched:
    """An escrow without money, and who guards it."""

    node: Anvil
    chain: Chain
    escrow: Deployed
    held: Held
    told: list[Contested]
    guard: Guard

    def leave(self, nullifier: int, index: int = 3) -> int:
        self.escrow.send(self.node.accounts[0], "requestExit", index, nullifier)
        return int(self.node.moment)

    def finishes_at(self, nullifier: int) -> int:
        answered: int = self.escrow.ask("exitOf", nullifier)[1]
        return answered

    def again(self) -> Guard:
        """Another guard, which has seen nothing yet."""
        sender = Sender(self.chain, PAYER)
        contract = find_escrow(self.chain, self.escrow.address)
        return Guard(contract, sender, [self.held], self.told.append, self.escrow.block)


@pytest.fixture
def watched() -> Iterator[Watched]:
    compile_contracts()
    with run_anvil(Manner(5, seconds_for_a_block=1)) as node, open_chain([node.url], 5) as chain:
        node.ask("evm_setNextBlockTimestamp", NOW)
        node.give(f"0x{PAYER.address.hex()}", WEI)
        charter: Any = (
            [found("governors", [GOVERNOR.address]), found("verifiers", [VOICE.address])],
            0,
            PAUSE_SECONDS,
        )
        escrow = deploy(node, read_artifact("BareExits"), charter)
        for index in (3, 4):
            escrow.send(node.accounts[0], "deposit", index, DEPOSIT)
        here = Watched(node, chain, escrow, Held(), [], None)  # type: ignore[arg-type] # in the next line
        here.guard = here.again()
        yield here


def hold(nullifier: int, **changes: Any) -> Attestation:  # noqa: ANN401
    return replace(ACCEPTED, held=(nullifier,), **changes)


def test_an_exit_of_a_lock_that_is_held_waits(watched: Watched) -> None:
    watched.held.said = [sign(hold(41), KEY, VOICE)]
    watched.leave(41)
    watched.guard.attend()
    assert watched.finishes_at(41) == NOW + 600 + WINDOW
    assert [(each.nullifier, each.until, each.why) for each in watched.told] == [(41, NOW + 600 + WINDOW, "")]
    watched.guard.attend()
    watched.again().attend()  # started anew, it finds that nothing is to be done
    assert len(watched.told) == 1


def test_an_acceptance_that_comes_after_the_exit_holds_it_all_the_same(watched: Watched) -> None:
    watched.leave(42)
    watched.guard.attend()
    watched.node.finalise()
    watched.guard.attend()
    assert (watched.told, watched.guard.pending) == ([], (42,))
    watched.held.said = [sign(hold(42), KEY, VOICE)]
    watched.guard.attend()
    assert watched.finishes_at(42) == NOW + 600 + WINDOW


def test_a_refresh_makes_it_wait_longer_and_never_beyond_the_limit(watched: Watched) -> None:
    watched.held.said = [sign(hold(43), KEY, VOICE)]
    requested = watched.leave(43)
    watched.guard.attend()
    refreshed = hold(43, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=NOW + 900)
    watched.held.said = [*watched.held.said, sign(refreshed, KEY, VOICE)]
    watched.guard.attend()
    assert watched.finishes_at(43) == NOW + 900 + WINDOW
    watched.held.said = [*watched.held.said, sign(replace(refreshed, revision=2, lapses_at=NOW + 10**6), KEY, VOICE)]
    watched.guard.attend()
    watched.guard.attend()
    assert watched.finishes_at(43) == requested + LIMIT
    assert len(watched.told) == 3


def test_what_was_let_go_leaves(watched: Watched) -> None:
    freed = replace(ACCEPTED, event=Event.FREE, state=State.RELEASED, revision=1, held=(), left=(44,))
    watched.held.said = [sign(freed, KEY, VOICE)]
    finishes = watched.leave(44) + 100
    watched.guard.attend()
    assert (watched.finishes_at(44), watched.told) == (finishes, [])


def test_what_was_seized_waits_for_the_venue(watched: Watched) -> None:
    seized = hold(1, event=Event.SEIZE, state=State.SEIZED, revision=2, left=(45,))
    watched.held.said = [sign(replace(seized, held=()), KEY, VOICE)]
    watched.leave(45)
    watched.guard.attend()
    assert watched.finishes_at(45) == NOW + WINDOW


def test_a_seizure_of_another_lock_does_not_undo_the_first(watched: Watched) -> None:
    """An acceptance is seized lock by lock: the last word says nothing of the lock that the word before it took."""
    words = [
        hold(1, event=Event.SEIZE, state=State.SEIZED, revision=at, left=(left,)) for at, left in ((2, 58), (3, 59))
    ]
    watched.held.said = [sign(replace(each, held=()), KEY, VOICE) for each in words]
    watched.leave(58)
    watched.guard.attend()
    assert watched.finishes_at(58) == NOW + WINDOW


def test_a_lock_that_a_newer_word_does_not_name_is_held_by_no_older_one(watched: Watched) -> None:
    refreshed = hold(61, event=Event.REFRESH, state=State.REFRESHED, revision=2)
    watched.held.said = [sign(each, KEY, VOICE) for each in (hold(60), refreshed)]
    finishes = watched.leave(60) + 100
    watched.guard.attend()
    assert (watched.finishes_at(60), watched.told) == (finishes, [])


def test_an_exit_that_is_over_is_over(watched: Watched) -> None:
    watched.leave(46)
    watched.escrow.send(watched.node.accounts[0], "pay", 46)
    watched.guard.attend()
    assert watched.guard.pending == ()


def test_attack_a_word_of_somebody_else_is_told_once_and_costs_nothing(watched: Watched) -> None:
    watched.held.said = [sign(hold(47), KEY, STRANGER)]
    finishes = watched.leave(47) + 100
    watched.guard.attend()
    watched.guard.attend()
    assert watched.finishes_at(47) == finishes
    assert [bool(each.why) for each in watched.told] == [True]
    assert int(watched.node.ask("eth_getTransactionCount", f"0x{PAYER.address.hex()}", "latest"), 16) == 0


def test_attack_words_that_too_few_have_signed_hide_none_that_enough_have(watched: Watched) -> None:
    """Somebody who shares a folder with observers puts words of a later revision and a later lapse into it."""
    honest = ChainWord.sign(hold(49), VOICE)
    forged = [
        ChainWord.sign(hold(49, event=Event.REFRESH, state=State.REFRESHED, revision=9, **more), STRANGER)
        for more in ({"lapses_at": NOW + 10**6}, {"verifier": "nobody"}, {"domain": "nowhere"})
    ]
    watched.held.said = [*forged, honest]
    watched.leave(49)
    watched.guard.attend()
    assert watched.finishes_at(49) == NOW + 600 + WINDOW


def test_what_a_newer_word_let_go_an_older_one_does_not_hold(watched: Watched) -> None:
    freed = replace(ACCEPTED, event=Event.FREE, state=State.RELEASED, revision=1, held=(), left=(50,), lapses_at=NOW)
    watched.held.said = [ChainWord.sign(each, VOICE) for each in (hold(50), freed)]
    finishes = watched.leave(50) + 100
    watched.guard.attend()
    assert (watched.finishes_at(50), watched.told) == (finishes, [])


def test_one_who_lies_keeps_no_other_from_being_heard(watched: Watched) -> None:
    liars, honest = Held([ChainWord.sign(hold(51), STRANGER)]), Held([sign(hold(51), KEY, VOICE)])
    watched.guard.holders = [liars, honest]
    watched.leave(51)
    watched.guard.attend()
    assert watched.finishes_at(51) == NOW + 600 + WINDOW


def test_a_reorganisation_takes_nothing_from_what_is_known(watched: Watched) -> None:
    watched.held.said = [sign(hold(48), KEY, VOICE)]
    watched.node.mine()
    watched.leave(48)
    watched.guard.attend()
    watched.node.reorganise(2)
    watched.guard.attend()
    assert watched.guard.pending == ()
    watched.leave(48, index=4)
    watched.guard.attend()
    assert watched.finishes_at(48) == NOW + 600 + WINDOW


# --- Logs that a node has lost ---------------------------------------------------------------------------


@dataclass
class Forgetful:
    """The node, but for the exits among its logs."""

    node: Anvil
    forgets: bool = True

    def answer(self, method: str, params: list[Any]) -> object:
        said = self.node.ask(method, *params)
        if method == "eth_getLogs" and self.forgets:
            return [each for each in said if each["topics"][0] != f"0x{EXIT_REQUESTED.hex()}"]
        return said


@pytest.fixture
def forgetful(watched: Watched) -> Iterator[tuple[Forgetful, str]]:
    node = Forgetful(watched.node)
    with node_of(node.answer) as url:
        yield node, url


def test_attack_an_exit_that_a_node_leaves_out_is_missed_and_then_found(
    watched: Watched, forgetful: tuple[Forgetful, str]
) -> None:
    node, url = forgetful
    watched.held.said = [sign(hold(52), KEY, VOICE)]
    watched.leave(52)
    watched.node.finalise()
    with open_chain([url], 5) as watched.chain:
        guard = watched.again()
        for _ in range(2):
            with pytest.raises(InternalError) as failure:
                guard.attend()
            assert failure.value.reason is Reason.WRONG_LOGS
        node.forgets = False
        guard.attend()
    assert watched.finishes_at(52) == NOW + 600 + WINDOW


def test_beside_an_honest_node_one_that_leaves_out_exits_is_not_needed(
    watched: Watched, forgetful: tuple[Forgetful, str]
) -> None:
    watched.held.said = [sign(hold(53), KEY, VOICE)]
    watched.leave(53)
    watched.node.finalise()
    with open_chain([forgetful[1], watched.node.url], 5) as watched.chain:
        watched.again().attend()
    assert watched.finishes_at(53) == NOW + 600 + WINDOW


def test_attack_what_a_node_leaves_out_keeps_no_other_exit_from_waiting(
    watched: Watched, forgetful: tuple[Forgetful, str]
) -> None:
    node, url = forgetful
    watched.held.said = [sign(hold(54), KEY, VOICE)]
    watched.leave(54)
    node.forgets = False
    with open_chain([url], 5) as watched.chain:
        guard = watched.again()
        watched.held.said = []
        guard.attend()
        watched.leave(55, index=4)
        watched.node.finalise()
        node.forgets, watched.held.said = True, [sign(hold(54), KEY, VOICE)]
        with pytest.raises(InternalError):
            guard.attend()
    assert watched.finishes_at(54) == NOW + 600 + WINDOW


def test_beside_a_node_that_is_not_there_exits_are_held_up_and_it_is_told(watched: Watched) -> None:
    watched.held.said = [sign(hold(57), KEY, VOICE)]
    watched.leave(57)
    with open_chain([watched.node.url, NOBODY], 5, Limits(attempts=1)) as watched.chain:
        with pytest.raises(InternalError) as failure:
            watched.again().attend()
        assert failure.value.reason is Reason.CHAIN_UNAVAILABLE
    assert watched.finishes_at(57) == NOW + 600 + WINDOW


@pytest.mark.parametrize("crowd", [1024, pytest.param(CROWD, marks=pytest.mark.slow)])
def test_attack_an_exit_is_not_overlooked_in_a_crowd(watched: Watched, crowd: int) -> None:
    """Exits cost little where gas does, and all but one of these are the attacker's way to be overlooked."""
    watched.held.said = [sign(hold(56), KEY, VOICE)]
    for first in range(crowd // 1024):
        watched.escrow.send(watched.node.accounts[0], "leaveInCrowd", 4, (first + 1) * 10**6, 1024)
    watched.leave(56)
    watched.guard.attend()
    assert watched.finishes_at(56) == NOW + 600 + WINDOW
