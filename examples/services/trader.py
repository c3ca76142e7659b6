"""A trader: pledges collateral for a position that nobody gets to see, and keeps proving that it suffices.

    trader.py TRIAL pledge alice.json        commit, prove, have the lock accepted, keep the attestation
                    [--seconds 3600]         for so long at most, and for no longer than the verifier gives one proof
    trader.py TRIAL refresh alice            prove again, at the prices of now
    trader.py TRIAL top-up alice-more.json   lock more, and refresh with it
    trader.py TRIAL release alice            prove that the position does without its lock, and get it back
    trader.py TRIAL prove alice              a claim in a file, for an exchange that wants to look

The secrets are with the prover, which runs beside the trader. The verifier sees roots, tags and a policy. Whatever
comes back from it was checked before this program sees it: signatures, the log, and that it answers what was asked.
"""

import json
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from trial import YES, Trial, begin_parser, run

from facts.attestation_document import read_attestation, render_attestation
from facts.context import Binding
from facts.demand import Demand, ReleaseDemand, read_demand
from facts.policy import StatementPolicy
from margin.documents.reading import read_document
from margin.requirement import RequirementKind
from ringfence.client.answers import Holding
from ringfence.client.errors import RefusedError
from ringfence.client.prover import ProofRequest, Prover
from ringfence.client.release import seal_claim
from ringfence.client.verifier import encode_claim
from ringfence.wire.claim import UnverifiedClaim

HOUR = 3600
YEAR = 365 * 24 * HOUR
ROOTS_KNOWN = 3
"""The step in which roots are refused that nobody has signed."""
ATTEMPTS = 30
PAUSE_SECONDS = 2


class Trader:
    """One trader with a prover beside it."""

    def __init__(self, trial: Trial, seconds: int = HOUR) -> None:
        self.trial = trial
        self.seconds = seconds
        self.verifier = trial.verifier
        self.folder = trial.folder / "attestations"
        self.folder.mkdir(exist_ok=True)

    # --- What it does ------------------------------------------------------------------------------------

    def pledge(self, file: Path) -> int:
        """Commit to a position and have its lock taken as collateral."""
        name = self.commit(file)
        claim = self.prove(name, self.demand(RequirementKind.INITIAL))
        sealed = [self.seal_release(name, place) for place in range(len(claim.inputs.nullifiers))]
        with self.trial.connect() as verifier:
            self.tell("accepted", name, verifier.ask(self.verifier.accept(claim, sealed)))
        return YES

    def refresh(self, name: str) -> int:
        """Show that the position suffices at the prices of now, before the acceptance lapses."""
        claim = self.prove(name, self.demand(RequirementKind.MAINTENANCE))
        with self.trial.connect() as verifier:
            self.tell("refreshed", name, verifier.ask(self.verifier.refresh(self.acceptance_of(name), claim)))
        return YES

    def top_up(self, file: Path) -> int:
        """Lock more for a position that is committed, and refresh by a proof that counts the new lock."""
        name = self.commit(file)
        newest = len(locks_of(file)) - 1
        claim = self.prove(name, self.demand(RequirementKind.MAINTENANCE), locks=(newest,))
        sealed = [self.seal_release(name, newest)]
        with self.trial.connect() as verifier:
            refreshed = self.verifier.refresh(self.acceptance_of(name), claim, sealed)
            self.tell("topped up and refreshed", name, verifier.ask(refreshed))
        return YES

    def release(self, name: str) -> int:
        """Get every lock back, by a proof that counts none of them."""
        claim = self.prove(name, self.demand(RequirementKind.INITIAL), "perp-k0")
        held = read_attestation(read_document(self.file_of(name))).attestation.held
        with self.trial.connect() as verifier:
            released = self.verifier.release(self.acceptance_of(name), held, claim)
            self.tell("released", name, verifier.ask(released))
        return YES

    def show(self, name: str) -> int:
        """Leave a claim in a file, for whoever wants to verify it."""
        claim = self.prove(name, self.demand(RequirementKind.MAINTENANCE))
        file = self.folder / f"{name}.claim"
        file.write_bytes(encode_claim(claim).SerializeToString())
        print(f"{name}: proved, in {file}")
        return YES

    # --- How it does it ----------------------------------------------------------------------------------

    def commit(self, file: Path) -> str:
        """Commit to a document; the prover keeps what opens it. Again it is the same, and with more locks a top-up."""
        document = file.read_bytes()
        name = str(json.loads(document)["name"])
        known = self.folder / f"{name}.committed"
        if not known.exists() or known.read_bytes() != document:
            with self.trial.connect("prover") as prover:
                committed = prover.ask(Prover().commit(name, document))
            known.write_bytes(document)
            print(f"{name}: committed, position tag {committed.position_tag:064x}")
        return name

    def prove(self, name: str, demand: Demand, statement: str = "", locks: tuple[int, ...] = ()) -> UnverifiedClaim:
        """A claim that the verifier takes: its roots were signed, which may take others a moment after a commitment."""
        for _ in range(ATTEMPTS):
            claim = self.ask_prover(name, demand, statement, locks)
            if self.is_taken(claim):
                return claim
            time.sleep(PAUSE_SECONDS)
        sys.exit("nobody has signed the roots that this proof names: does `ringfence sandbox publish` run?")

    def is_taken(self, claim: UnverifiedClaim) -> bool:
        """Whether the verifier knows the roots of a claim, which holds in everything else."""
        try:
            with self.trial.connect() as verifier:
                verifier.ask(self.verifier.verify(claim))
        except RefusedError as refusal:
            if refusal.step != ROOTS_KNOWN:
                raise
            return False
        return True

    def ask_prover(self, name: str, demand: Demand, statement: str, locks: tuple[int, ...]) -> UnverifiedClaim:
        """A claim about a position, at the newest facts that the prover knows."""
        with self.trial.connect("prover") as prover:
            return prover.ask(Prover().prove(ProofRequest(name, demand, statement, locks=locks)))

    def seal_release(self, name: str, place: int) -> bytes:
        """The release of a lock, which nobody but the venue can open, and only uses if the acceptance lapses."""
        lock = locks_of(self.folder / f"{name}.committed")[place]
        terms = json.loads((self.trial.folder / "verifier" / "destinations.json").read_text())["destinations"][0]
        escrow = terms["seizure"]
        context = self.base.binding
        where = replace(context, chain_id=escrow["chain_id"], contract=bytes.fromhex(escrow["contract"][2:]))
        demand = Demand(ReleaseDemand(*lock), self.base.domain, expire(where, YEAR))
        claim = self.ask_prover(name, demand, "release", (place,))
        venue = bytes.fromhex((self.trial.folder / "clients" / "release-key").read_text())
        return seal_claim(claim, venue)

    @property
    def base(self) -> Demand:
        """What the verifier demands, as it has told everybody."""
        return read_demand(read_document(self.trial.folder / "facts" / "demand.toml"))

    def demand(self, requirement: RequirementKind) -> Demand:
        """The same for a requirement, and for a while from now."""
        return replace(self.base, policy=StatementPolicy(requirement), binding=expire(self.base.binding, self.seconds))

    def acceptance_of(self, name: str) -> str:
        """Which acceptance a position has, by the attestation that was kept."""
        return read_attestation(read_document(self.file_of(name))).attestation.acceptance

    def file_of(self, name: str) -> Path:
        """Where the attestation of a position is: what a bridge is given."""
        return self.folder / f"{name}.json"

    def tell(self, what: str, name: str, holding: Holding) -> None:
        """Keep the newest attestation, and say what became of it."""
        self.file_of(name).write_text(render_attestation(holding.signed))
        held = len(holding.acceptance.nullifiers)
        until = time.strftime(", good until %H:%M:%S UTC", time.gmtime(holding.acceptance.lapses_at)) if held else ""
        print(f"{name}: {what}, acceptance {holding.id}, locks held: {held}{until}")


def locks_of(file: Path) -> list[tuple[str, int]]:
    """Asset and amount, in smallest units, of each lock of a request."""
    request = json.loads(file.read_bytes())
    assets, basket = request["position"]["prices"]["assets"], request["position"]["position"]["basket"]
    return [
        (request["locks"][each["asset"]]["asset"], int(each["amount"]) * 10 ** assets[each["asset"]]["decimals"])
        for each in basket
    ]


def expire(binding: Binding, seconds: int) -> Binding:
    """A binding that ends so many seconds from now."""
    return replace(binding, expiry=int(time.time()) + seconds)


def main() -> int:
    """Do what the command line says."""
    parser = begin_parser(__doc__)
    parser.add_argument("what", choices=["pledge", "refresh", "top-up", "release", "prove"])
    parser.add_argument("position", help="a request document, or the name that it has")
    parser.add_argument("--seconds", type=int, default=HOUR, help="how long a proof is good for")
    asked: Namespace = parser.parse_args()
    trader = Trader(Trial(asked.trial, "trader"), asked.seconds)
    match asked.what:
        case "pledge":
            return trader.pledge(Path(asked.position))
        case "top-up":
            return trader.top_up(Path(asked.position))
        case "refresh":
            return trader.refresh(asked.position)
        case "release":
            return trader.release(asked.position)
        case _:
            return trader.show(asked.position)


if __name__ == "__main__":
    run(main)
