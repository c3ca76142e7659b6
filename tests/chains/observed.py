"""A gate that checks proofs on one real chain, an escrow on another, and three observers who speak for the gate."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chains.observing.journal import Journal
from chains.observing.observer import Look, Observer
from chains.observing.parts import Parts
from chains.rpc import Chain, Limits, open_chain
from facts.attestation import Attestation, ChainWord
from facts.secp256k1 import SigningKey
from tests.contracts.arena import PERIOD, Arena, keys_of, open_arena
from tests.contracts.proof_gates import RECIPIENT, ROOTS, UPKEEP, Claim, Gate, compile_both, found

GATE_CHAIN: Final = 31_339
OBSERVERS: Final = keys_of("observer", 3)
VENUE: Final = b"\x66" * 20
"""Who is paid for what was pledged to the recipient of the claims."""
PAYEES: Final = {RECIPIENT: VENUE}
ONCE: Final = Limits(seconds=60, attempts=1)
"""Whoever does not answer is not asked again; whoever answers has time, also on a busy machine."""

Answer = Callable[[str, list[Any]], object]


@dataclass
class Watched:
    """The gate, and who observes it, with what they have shared."""

    gate: Gate
    folder: Path
    said: list[Attestation] = field(default_factory=list)

    @property
    def arena(self) -> Arena:
        return self.gate.arena

    @property
    def parts(self) -> Parts:
        return Parts(self.folder / "parts", self.arena.node.chain_id, self.gate.contract.address)

    def words(self, claim: Claim) -> Sequence[ChainWord]:
        """What lies in the folder of one lock."""
        acceptance = self.parts.find_holder(claim.nullifier)
        return [] if acceptance is None else self.parts.ask(acceptance)

    def newest(self, claim: Claim) -> Attestation:
        return max((each.attestation for each in self.words(claim)), key=lambda said: said.revision)

    @contextmanager
    def observing(
        self, number: int = 0, chain: Chain | None = None, payees: dict[bytes, bytes] | None = None
    ) -> Iterator[Callable[[], Look]]:
        """One of the observers, as long as it runs."""
        key, gate = OBSERVERS[number], self.gate.contract.address
        with Journal(self.folder / f"observe-{number}", GATE_CHAIN, gate, 1) as journal:
            asked = chain or self.arena.chain
            payees = PAYEES if payees is None else payees
            observer = Observer(asked, gate, journal, payees=payees, from_block=1)
            yield lambda: observer.look(lambda said: self._share(said, key), lambda said: self.parts.forget(said, key))

    def look(self, number: int = 0, chain: Chain | None = None, **more: Any) -> Look:  # noqa: ANN401
        """A look by an observer that was just started."""
        with self.observing(number, chain, **more) as look:
            return look()

    def _share(self, said: Attestation, key: SigningKey) -> None:
        self.said.append(said)
        self.parts.share(said, key)

    # --- What happens at the gate ------------------------------------------------------------------------

    def renew(self) -> None:
        """Roots as they are now."""
        for kind, root in ROOTS.items():
            self.gate.post(kind, root, self.arena.now, self.arena.now)

    def accept(self, **changes: Any) -> Claim:  # noqa: ANN401
        self.renew()
        claim = self.gate.claim(**changes)
        self.gate.accept(claim)
        return claim

    def refresh(self, claim: Claim) -> None:
        self.renew()
        proof = self.gate.proof(claim, UPKEEP)
        self.arena.send(self.gate.contract, "refresh", claim.struct, proof)

    def lapse(self) -> None:
        """Let the time of every acceptance be over, in a block that is final."""
        self.arena.node.advance(PERIOD)
        self.arena.node.finalise()

    def finalise(self) -> None:
        self.arena.node.finalise()


def forward(arena: Arena, change: Callable[[str, list[Any], Any], Any]) -> Answer:
    """A node that says what the real one says, but for what it lies about."""

    def answer(method: str, params: list[Any]) -> object:
        return change(method, params, arena.node.ask(method, *params))

    return answer


@contextmanager
def open_gate() -> Iterator[Gate]:
    """A chain with a gate that was just made."""
    with open_arena(GATE_CHAIN) as arena:
        yield Gate(arena, found(arena, compile_both(arena)))


@contextmanager
def asking(*urls: str, limits: Limits = ONCE) -> Iterator[Chain]:
    """The chain of the gate through some nodes."""
    with open_chain(list(urls), GATE_CHAIN, limits) as chain:
        yield chain
