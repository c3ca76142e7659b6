"""What becomes of locks that a gate holds which checks proofs itself: its observers speak, and the escrow does it.

The one is held up when its owner leaves, lapses, and is seized; the other is let go, and withdrawn. Nobody here signs
or brings anything: observers and a relayer run as programs, and what they have done is read from the chains.
"""

import time
from dataclasses import replace
from typing import Final

from chains.paying import write_proof
from facts.demand_document import render_demand
from prover.claim_files import STATED, render_claim
from ringfence.cli.bridging.documents import payments_of
from ringfence.cli.bridging.setting import EXIT_SECONDS, PERIOD_SECONDS
from ringfence.cli.bridging.story import REQUESTED_AT, WALLET, Step, Story, write_shown
from ringfence.wire.claim import UnverifiedClaim

LEAVES, STAYS = "erin", "frank"
"""Whose lock is held up and seized, and whose is let go."""
WORD_BYTES: Final = 32
LAPSES_AT: Final = 2
"""Where an acceptance that is found has it."""


def hold_up_exit(story: Story) -> Step:
    """An owner leaves while the gate relies on its lock; another one's position does without."""
    source, destination = story.setting.source, story.setting.destination
    gate, sender = destination.proof_gate, destination.node.accounts[0]
    claim = story.claims[STAYS] = story.trader.prove(STAYS, story.demand_at_proof_gate(PERIOD_SECONDS))
    gate.send(sender, "accept", write_shown(claim), write_proof(claim.proof))
    destination.node.finalise()
    story.request_exit(LEAVES)
    story.wait_until(lambda: waiting_of(story, LEAVES) > EXIT_SECONDS, "an exit that is contested")
    let_go(story)
    lapses_at = gate.ask("find", nullifier_of(story, LEAVES))[LAPSES_AT]
    return Step(
        "Who leaves a gate that relies on the lock has to wait",
        {
            "observers": "three read the gate at final blocks, and have signed that it holds the lock",
            "relayer": "has contested the exit by the word of two of them, and asked no verifier",
            "another trader": "has shown that its position does without its lock, and let it go",
        },
        {
            "waits_until": story.exit_ends(LEAVES) - lapses_at,
            "other_is_held": gate.ask("isHeld", nullifier_of(story, STAYS)),
            "is_paid": source.escrow.ask("isPaid", nullifier_of(story, LEAVES)),
        },
    )


def waiting_of(story: Story, name: str) -> int:
    """How long an exit takes."""
    return story.exit_ends(name) - int(story.exit_of(name)[REQUESTED_AT])


def let_go(story: Story) -> None:
    """Free a lock by a proof that counts none; its place is the door, and the lock after it."""
    destination, nullifier = story.setting.destination, nullifier_of(story, STAYS)
    gate = destination.proof_gate
    demand = story.demand_at_proof_gate(PERIOD_SECONDS)
    door = gate.door("free") + nullifier.to_bytes(WORD_BYTES, "big")
    bare = story.trader.prove(STAYS, replace(demand, binding=replace(demand.binding, contract=door)), "perp-k0")
    gate.send(destination.node.accounts[0], "free", write_shown(bare, nullifier), write_proof(bare.proof))


def pay_from_proof_gate(story: Story) -> Step:
    """One lock has lapsed and is seized, the other was let go and is withdrawn, each by a release and two observers."""
    source, destination = story.setting.source, story.setting.destination
    lapses_at = destination.proof_gate.ask("find", nullifier_of(story, LEAVES))[LAPSES_AT]
    time.sleep(max(0.0, lapses_at + 1 - time.time()))
    for node in (source.node, destination.node):
        node.mine()
    destination.node.finalise()
    recipient, door = f"0x{WALLET.hex()}", source.escrow.door("withdraw")
    story.releases[STAYS] = story.trader.prove_release(story.positions[STAYS], door, WALLET)
    before = story.balance(source.venue), story.balance(recipient)
    for name, release in story.releases.items():
        story.vouch(release.inputs.lock_root)
        leave_release(story, name, release)
    paid = [nullifier_of(story, name) for name in (LEAVES, STAYS)]
    story.wait_until(lambda: all(source.escrow.ask("isPaid", each) for each in paid), "two locks that are paid")
    return Step(
        "What the gate held is seized, what it let go is withdrawn",
        {
            "observers": "have said the lapse at a final block that is later, and whom a seizure pays",
            "venue": "is paid by the release that it was given when the lock was pledged, though its owner has left",
            "another trader": "has its money at an address that nobody has seen with its lock",
        },
        {
            "venue_was_paid": story.balance(source.venue) - before[0],
            "trader_was_paid": story.balance(recipient) - before[1],
            "complaint_of_exit": story.exit_complaint(LEAVES),
            "escrow_has": story.balance(source.escrow.spelling),
        },
    )


def leave_release(story: Story, name: str, release: UnverifiedClaim) -> None:
    """Put a release where the relayer looks, whole from the moment that it is there."""
    guard, key = story.setting.guard, story.setting.sandbox.statement("release").read_text(encoding="utf-8")
    folder = guard.folder / name
    folder.mkdir()
    files = {**render_claim(release.proof, release.inputs.values, key), STATED: render_demand(release.demand)}
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    folder.rename(payments_of(guard) / name)


def nullifier_of(story: Story, name: str) -> int:
    """Of the lock that the gate accepted for a position."""
    (found,) = story.claims[name].inputs.nullifiers
    return found
