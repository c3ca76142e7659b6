"""A trader with a prover beside it: commits to positions, proves what is asked, and leaves releases for the venue."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from facts.context import Binding
from facts.demand import DEMAND_FORMAT, Demand, ReleaseDemand, read_demand
from facts.policy import StatementPolicy
from facts.secp256k1 import ADDRESS_BYTES
from margin.documents.reading import read_document
from margin.requirement import RequirementKind
from prover.development import DEMAND
from prover.request import REQUEST_FORMAT
from ringfence.cli.connection import Counter
from ringfence.cli.sandbox.places import Sandbox
from ringfence.client.answers import Holding
from ringfence.client.connection import Connection
from ringfence.client.prover import ProofRequest, Prover
from ringfence.client.release import seal_claim
from ringfence.wire.claim import UnverifiedClaim

COIN: Final = "USDC"
DECIMALS: Final = 6
LOCKED: Final = 200 * 10**DECIMALS
"""In smallest units: what each position of the trial is backed by."""
YEAR_SECONDS: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Position:
    """A position of the trial: long a tenth of a bitcoin, backed by a token that is locked on the source chain."""

    name: str
    chain_id: int
    asset: str
    """The token, as assets are named everywhere."""
    cash: int = 100
    """Beside the lock, on the venue."""
    place: Mapping[str, object] | None = None
    """The context of its own demand, where it is not for the verifier of the trial."""

    @property
    def document(self) -> bytes:
        """As the prover is told of it."""
        holding = {"side": "long", "size": "0.1", "entry_price": "60000", "cash": str(self.cash)}
        basket = [{"asset": COIN, "amount": str(LOCKED // 10**DECIMALS)}]
        assets = {COIN: {"price": "1", "decimals": DECIMALS, "haircut": "2%"}}
        position = {
            "policy": "binance-usdm",
            "market": "BTCUSDT",
            "position": {**holding, "basket": basket},
            "prices": {"mark": "60000", "confidence": "10", "assets": assets},
        }
        locks = {COIN: {"chain_id": self.chain_id, "asset": self.asset}}
        request = {"format": REQUEST_FORMAT, "name": self.name, "position": position, "locks": locks}
        if self.place is not None:
            request["demand"] = {
                "format": DEMAND_FORMAT,
                "policy": {"requirement": "initial"},
                "context": dict(self.place),
            }
        return json.dumps(request).encode()


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a trader shows: a leaf for the book, and who the escrow has to write down as the owner of the lock."""

    leaf: int
    lock_owner: int


@dataclass(frozen=True, slots=True)
class Trader:
    """A trader with a connection to its prover and one to the verifier."""

    sandbox: Sandbox
    prover: Connection
    counter: Counter

    # --- With the prover ---------------------------------------------------------------------------------

    def commit(self, position: Position) -> Commitment:
        """Commit to a position; what opens it stays with the prover."""
        report = self.prover.ask(Prover().commit(position.name, position.document))
        (owner,) = report.lock_owners
        return Commitment(report.commitment, owner.lock_owner)

    def demand(self, requirement: RequirementKind, seconds: int = YEAR_SECONDS) -> Demand:
        """What the verifier demands, for a while from now."""
        base = read_demand(read_document(self.sandbox.facts / DEMAND))
        return replace(base, policy=StatementPolicy(requirement), binding=expire(base.binding, seconds))

    def prove(self, name: str, demand: Demand, statement: str = "", locks: tuple[int, ...] = ()) -> UnverifiedClaim:
        """A claim about a position, at the newest facts that the prover knows."""
        return self.prover.ask(Prover().prove(ProofRequest(name, demand, statement, locks=locks)))

    def prepare(self, position: Position) -> Demand:
        """The usual demand, where the lock of a position counts."""
        usual, place = self.demand(RequirementKind.INITIAL), position.place
        if place is None:
            return usual
        return replace(
            usual, domain=str(place["domain"]), binding=replace(usual.binding, verifier=str(place["verifier"]))
        )

    def prove_release(self, position: Position, door: bytes, recipient: bytes) -> UnverifiedClaim:
        """The release of the lock of a position, by one door of its escrow, to one recipient."""
        base = self.prepare(position)
        where = replace(base.binding, chain_id=position.chain_id, contract=door, recipient=recipient)
        return self.prove(position.name, Demand(ReleaseDemand(position.asset, LOCKED), base.domain, where), "release")

    def prove_exit(self, position: Position, door: bytes, recipient: bytes) -> UnverifiedClaim:
        """That the lock of a position is the trader's own, for its escrow alone: no verifier is asked."""
        escrow = f"eip155:{position.chain_id}/0x{door[:ADDRESS_BYTES].hex()}"
        base = self.prepare(position)
        binding = replace(base.binding, verifier=escrow, chain_id=position.chain_id, contract=door, recipient=recipient)
        return self.prove(position.name, Demand(ReleaseDemand(position.asset, LOCKED), base.domain, binding), "exit")

    # --- With the verifier -------------------------------------------------------------------------------

    def accept(self, claim: UnverifiedClaim, release: UnverifiedClaim, venue_key: bytes) -> Holding:
        """Have a lock taken as collateral, and leave its release for the venue: nobody else can open it."""
        sealed = [seal_claim(release, venue_key)]
        return self.counter.connection.ask(self.counter.verifier.accept(claim, sealed))

    def accept_bare(self, claim: UnverifiedClaim) -> Holding:
        """The same without a release."""
        return self.counter.connection.ask(self.counter.verifier.accept(claim))

    def refresh(self, acceptance: str, claim: UnverifiedClaim) -> Holding:
        """Show that a position suffices at the prices of now."""
        return self.counter.connection.ask(self.counter.verifier.refresh(acceptance, claim))

    def free(self, holding: Holding, claim: UnverifiedClaim) -> Holding:
        """Get every lock back, by a proof that counts none of them."""
        held = holding.attestation.held
        return self.counter.connection.ask(self.counter.verifier.release(holding.id, held, claim))


def expire(binding: Binding, seconds: int) -> Binding:
    """A binding that ends so many seconds from now."""
    return replace(binding, expiry=int(time.time()) + seconds)
