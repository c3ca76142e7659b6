"""A bridge from its first deposit to its last exit, on two real chains and PostgreSQL: every step is read from them.

The steps are those of ``ringfence demo --chains``; what each of them has to come to stands here.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from facts.log_entry import State
from ringfence.cli.bridging.telling import tell_story
from tests.chains.nodes import needs_nodes
from tests.verifier.postgresql_server import run_server

pytestmark = [needs_nodes, pytest.mark.native, pytest.mark.slow]

LOCK = 200 * 10**6
DEPOSITS = 6
MOST_GAS_BY_PROOF = 340_000
MOST_SECONDS_TO_OPEN = 120
"""From a final deposit to an open gate, however busy the machine is: nothing is waited for but each other's pauses."""
ROUND_AGE_SECONDS = 60
"""Whoever proves by the roots of a round has so long until somebody looks at it."""
SEIZURE_SECONDS = 3_600

Read = Mapping[str, Any]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Everything that happens, once; what was read of each step."""
    folder = tmp_path_factory.mktemp("bridge")
    with run_server() as server:
        trial, schema = folder / "trial", server.new_schema()
        told = tell_story(trial, store=schema, progress=print, round_age_seconds=ROUND_AGE_SECONDS)
        return {each.name: each.step.read for each in told}


def test_a_deposit_that_is_taken_back_is_signed_by_nobody(story: dict[str, Read]) -> None:
    read = story["reorganise"]
    assert (read["deposits_before"], read["deposits_after"], read["held_after"]) == (1, 0, 0)
    assert read["signed_hash_is_the_chain_s"]
    assert read["signed_locks"] == 0


def test_nothing_is_signed_of_what_is_not_final(story: dict[str, Read]) -> None:
    read = story["deposit_all"]
    assert (read["deposits"], read["held"]) == (DEPOSITS, DEPOSITS * LOCK)
    assert read["signed_block"] < read["newest_block"]


def test_a_lock_on_one_chain_opens_the_gate_on_the_other(story: dict[str, Read]) -> None:
    read = story["open_gate"]
    assert read["gate_is_open"]
    assert read["nullifier_is_alice_s"]
    assert read["state"] is State.ACCEPTED
    assert read["watchers_that_signed"] >= 2
    assert read["signed_after_seconds"] < read["accepted_after_seconds"] < read["open_after_seconds"]
    assert read["open_after_seconds"] < MOST_SECONDS_TO_OPEN


def test_r4_a_lock_backs_one_position(story: dict[str, Read]) -> None:
    assert story["refuse_again"] == {"refused": "NULLIFIER_SPENT", "step": 8, "nullifier_is_alice_s": True}


def test_r5_a_claim_for_a_third_chain_is_refused(story: dict[str, Read]) -> None:
    assert story["refuse_elsewhere"] == {"refused": "WRONG_CONTEXT", "step": 5, "complaint": "SignerUnknown"}


def test_r5_another_domain_can_neither_take_nor_be_proved_a_lock(story: dict[str, Read]) -> None:
    read = story["refuse_rival"]
    assert (read["refused"], read["step"]) == ("WRONG_CONTEXT", 5)
    assert read["rule"].startswith("lock[0]")


def test_a_lock_that_is_let_go_is_withdrawn_when_nobody_relies_on_it_any_more(story: dict[str, Read]) -> None:
    assert story["open_for_others"] == {"bob": State.ACCEPTED, "carol": State.ACCEPTED}
    freed = {"state": State.RELEASED, "gate_is_open": False, "complaint": "AcceptanceNotLapsed"}
    assert story["free_one"] == freed
    assert story["withdraw"] == {"recipient_has": LOCK, "is_paid": True, "escrow_has": (DEPOSITS - 2) * LOCK}


def test_o_a_proof_at_old_prices_is_refused(story: dict[str, Read]) -> None:
    assert story["crash"] == {"rule": "equity_covers_requirement", "refused": "TOO_OLD", "step": 4}


def test_what_lapses_is_seized_once_and_pays_the_venue(story: dict[str, Read]) -> None:
    assert story["seize"] == {
        "gate_was_open_after_lapse": False,
        "state": State.SEIZED,
        "venue_was_paid": LOCK,
        "is_paid": True,
        "other_door": "WordOnSomethingElse",
        "again": "NullifierPaid",
    }


def test_a3_a_revoked_watcher_counts_no_more_at_once(story: dict[str, Read]) -> None:
    assert story["revoke_watcher"] == {
        "refused": "REVOKED_SIGNER",
        "watchers_that_signed": 2,
        "complaint": "SignerUnknown",
        "is_member": False,
    }


def test_a_gate_checks_a_proof_once_and_for_itself_alone(story: dict[str, Read]) -> None:
    read = dict(story["open_proof_gate"])
    assert 200_000 < read.pop("gas") < MOST_GAS_BY_PROOF
    complaints = {"another_chain": "ProofInvalid", "input_plus_r": "InputTooLarge", "replay": "NullifierTaken"}
    assert read == {"is_held": True, "state": 1, **complaints}


def test_observers_hold_up_an_exit_of_a_lock_that_a_gate_holds(story: dict[str, Read]) -> None:
    """The proofs of acceptance, exit and freeing are real ones; the contest is a relayer's, by itself."""
    assert story["hold_up_exit"] == {"waits_until": SEIZURE_SECONDS, "other_is_held": False, "is_paid": False}


def test_what_a_gate_held_is_seized_and_what_it_let_go_is_withdrawn(story: dict[str, Read]) -> None:
    """By releases that are real proofs, and words of observers who run as programs."""
    read = dict(story["pay_from_proof_gate"])
    assert read.pop("complaint_of_exit") in {"ExitPending", "NullifierPaid"}
    assert read == {"venue_was_paid": LOCK, "trader_was_paid": LOCK, "escrow_has": (DEPOSITS - 4) * LOCK}


def test_who_asks_nobody_leaves_and_only_an_acceptance_makes_it_wait(story: dict[str, Read]) -> None:
    asked, ended = story["contest_exit"], story["finish_exit"]
    assert asked["locks_before"] - asked["locks_left"] == 2
    assert asked["contested_waits_until"] == SEIZURE_SECONDS
    assert asked["uncontested_waits"] < SEIZURE_SECONDS
    assert (ended["complaint_before"], ended["complaint_contested"]) == ("ExitPending", "ExitPending")
    assert (ended["paid"], ended["paid_in_the_end"]) == (LOCK, 2 * LOCK)
    assert ended["again"] == "NullifierPaid"
    assert ended["escrow_has"] == 0
