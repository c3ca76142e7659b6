"""Random sequences of everything that can be done to a gate: the hash that it keeps is that of what was taken.

It is computed three times over: by the gate, by whoever plays, from books of its own, after every action; and by an
observer, from the logs that the node tells.
"""

from pathlib import Path

import pytest

from chains.development.deployment import Deployed, role
from chains.observing.journal import Journal
from chains.observing.observer import Observer
from chains.proof_gate import Accepted, Freed, ProofGate, Refreshed
from facts.attestation import Attestation
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import CHAIN_ID, DAY, PERIOD, Arena, committee
from tests.contracts.proof_gates import ENTRY, ROOTS, UPKEEP, VOUCHERS, Gate

pytestmark = [needs_nodes, pytest.mark.slow]

PLAYS, ACTIONS = 60, 30
LONG = 400 * DAY
"""No root grows old meanwhile."""
KINDS = ("acceptances", "refreshes", "releases by proof", "releases by word", "pauses")
ENOUGH_GAS = hex(29_000_000)


@pytest.fixture
def trial(arena: Arena) -> Deployed:
    """Somebody who proves whatever it likes, and governs."""
    return arena.deploy("GateTrial")


@pytest.fixture
def gate(arena: Arena, trial: Deployed) -> Gate:
    """A gate that its verifiers do not protect, at which the newest roots stand."""
    proofs, bare_proofs = arena.deploy("TrialProofs").spelling, arena.deploy("TrialBareProofs").spelling
    charter = [
        (role("governors"), [trial.spelling], 1),
        *(committee(kind, VOUCHERS) for kind in ("book", "market", "lock")),
    ]
    terms = proofs, bare_proofs, ENTRY, UPKEEP, PERIOD, LONG, LONG, LONG, False
    made = Gate(arena, arena.deploy("ProofGate", (charter, 0, PERIOD // 8), terms))
    for kind, root in ROOTS.items():
        made.post(kind, root, 1, arena.now)
    arena.send(trial, "begin", made.contract.spelling, list(ROOTS.values()))
    return made


def play(arena: Arena, trial: Deployed) -> None:
    """Everything, in any order, while time goes by."""
    for seed in range(PLAYS):
        arena.node.advance(seed % 5 * PERIOD // 8 + 1)
        data = trial.face.encode_call("play", seed, ACTIONS)
        sent = {"from": arena.node.accounts[0], "to": trial.spelling, "data": f"0x{data.hex()}", "gas": ENOUGH_GAS}
        assert str(arena.node.send(**sent)["status"]) == "0x1", f"the books differ in the sequence of seed {seed}"


def test_the_hash_of_a_gate_is_that_of_what_was_taken(
    arena: Arena, trial: Deployed, gate: Gate, tmp_path: Path
) -> None:
    play(arena, trial)
    taken = {kind: trial.ask("taken", place) for place, kind in enumerate(KINDS)}
    assert min(taken.values()) > 0, f"everything was tried with success: {taken}"

    read = ProofGate.at(arena.chain, gate.contract.address)
    happened = [each.event for each in read.events(1, arena.chain.block("latest").number)]
    counted = [sum(isinstance(each, kind) for each in happened) for kind in (Accepted, Refreshed, Freed)]
    accepted, refreshed, *freed, _ = taken.values()
    assert counted == [accepted, refreshed, sum(freed)], "each change has its event"

    said: list[Attestation] = []
    arena.node.finalise()
    with Journal(tmp_path, CHAIN_ID, gate.contract.address, 1) as journal:
        Observer(arena.chain, gate.contract.address, journal, payees={}, from_block=1).look(said.append, said.append)
        assert journal.mark is not None
        assert journal.mark.chained == gate.contract.ask("chained")
    assert len(said) == accepted, "a word of each lock, by logs that have come to the gate's hash"


def test_a_hash_begins_with_the_gate_and_no_call_that_is_refused_goes_onto_it(arena: Arena, gate: Gate) -> None:
    before = gate.contract.ask("chained")
    assert int.from_bytes(before, "big") == gate.contract.ask("DOMAIN")
    wrong = [0] * 8
    assert gate.refusal(gate.claim(), wrong) == "ProofInvalid"
    gate.post(1, 999, 2, arena.now)
    assert gate.contract.ask("chained") == before
    arena.send(gate.contract, "accept", gate.claim().struct, [1] * 8)
    assert gate.contract.ask("chained") != before
