"""Ten thousand random sequences of everything that can be done to an escrow: money in is money out and what is held.

Whoever plays holds every key, and proves whatever it likes: the verifier of proofs is a stand-in here, and here alone.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chains.development.deployment import Deployed, role
from facts.context import name_domain
from facts.secp256k1 import SigningKey
from facts.typed_data import hash_bytes, word
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import GOVERNORS, Arena, digest_for, sign, spell
from tests.contracts.escrows import ADMISSION, COIN, OPENING

pytestmark = [needs_nodes, pytest.mark.slow]

SEQUENCES, ACTIONS, AT_ONCE = 10_000, 6, 20
ONE = SigningKey.of_secret((1).to_bytes(32, "big"))
DELAYS = (11, 25, 200, 5)
NAMES = ("first.example", "second.example")
ENOUGH_GAS = hex(29_000_000)
KINDS = ("deposits", "seizures", "withdrawals", "exits", "contests", "ends of exits", "roots", "pauses")


@pytest.fixture
def trial(arena: Arena) -> Deployed:
    """Somebody who has every key of an escrow of two domains, two tokens and the chain's coin."""
    trial = arena.deploy("EscrowTrial")
    governors = sorted(spell(address) for address in [trial.address, *(key.address for key in GOVERNORS)])
    charter = [(role("governors"), governors, 3), (role("lock"), [spell(ONE.address)], 1)], 200, 10
    proofs, commitments = arena.deploy("TrialProofs").spelling, arena.deploy("Commitments").spelling
    escrow = arena.deploy("CollateralEscrow", charter, (DELAYS, proofs, proofs, commitments, 60, 10, False))
    tokens = [arena.deploy(name, [trial.spelling], 10**12) for name in ("TrialDollars", "TrialCheat")]

    def govern(function: str, kind: str, words: list[bytes], *arguments: Any) -> None:  # noqa: ANN401
        arena.send(escrow, function, *arguments, sign(digest_for(escrow, kind, words), GOVERNORS))

    for token in tokens:
        govern("admit", ADMISSION, [word(token.address), word(10)], token.spelling, 10)
    for name in NAMES:
        hashed = hash_bytes(name.encode())
        words = [hashed, hashed, hash_bytes(word(ONE.address)), word(1)]
        govern("openDomain", OPENING, words, name, name, [spell(ONE.address)], 1)
    arena.send(tokens[1], "cheat", 0, 0, spell(b"\x01\x00\x00\x09".rjust(20, b"\0")), COIN, b"")
    spellings = [tokens[0].spelling, tokens[1].spelling, COIN]
    domains = [name_domain(name) for name in NAMES]
    arena.send(trial, "begin", escrow.spelling, spellings, domains, list(NAMES), value=10**15)
    return trial


@pytest.fixture
def play(arena: Arena, trial: Deployed) -> Callable[[int, int], str]:
    """So many sequences, after so many seconds: whether the books were the same after each."""

    def play(seed: int, seconds: int) -> str:
        arena.node.advance(seconds)
        data = trial.face.encode_call("play", seed, AT_ONCE, ACTIONS)
        sent = {"from": arena.node.accounts[0], "to": trial.spelling, "data": f"0x{data.hex()}", "gas": ENOUGH_GAS}
        return str(arena.node.send(**sent)["status"])

    return play


def test_money_in_is_money_out_and_what_is_held(trial: Deployed, play: Callable[[int, int], str]) -> None:
    for seed in range(SEQUENCES // AT_ONCE):
        assert play(seed, seed % 7 + seed % 3) == "0x1", f"the books differ after the sequences of seed {seed}"
    taken = {kind: trial.ask("taken", place) for place, kind in enumerate(KINDS)}
    assert min(taken.values()) > 0, f"everything was tried with success: {taken}"
    assert taken["deposits"] > SEQUENCES // 2
