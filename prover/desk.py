"""What a prover that serves does itself: commit to documents, and make work for workers of what was committed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.exit import Exit
from circuits.statements.release import Release
from facts.asset import name_asset
from facts.commitments import commit_position, tag_position
from facts.demand import Demand, ReleaseDemand
from margin.documents.reading import MAX_DOCUMENT_BYTES, parse_json
from margin.errors import MalformedError, MisuseError, Reason
from prover.commitment import commit_request, count_locks, top_up
from prover.development import publish_for_development
from prover.facts_folder import FactsFolder
from prover.jobs import Work
from prover.place import Where
from prover.provable import Provable
from prover.publication import Publication
from prover.release import assemble_exit, assemble_release
from prover.request import Request, read_kept_request, read_request
from prover.succession import find_standing
from prover.transition import STATEMENT as TRANSITION
from prover.transition import Planner
from prover.transition_document import read_changes
from prover.vault import Vault
from prover.wallet import Asked, KeptPosition, Secrets
from prover.witness import Situation
from ringfence.wire.commitment import CommitmentReport, LockOwner
from snark.r1cs.program.execution import encode_inputs


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller may say of a proof beside what is demanded of it."""

    statement: str = ""
    """The one that fits, where nothing is said."""
    market_root: int = 0
    """The newest, where nothing is said."""
    locks: tuple[int, ...] = ()
    """Those that count, by their places; as many as the statement has, or all, where nothing is said."""


WHATEVER_FITS: Final = Wish()


@dataclass(frozen=True, slots=True)
class Assembled:
    """A statement about a position with all of its inputs, the public ones among them."""

    request: Request = field(repr=False)
    provable: Provable
    situation: Situation = field(repr=False)
    inputs: Inputs = field(repr=False)

    def work(self) -> Work:
        """What a worker is given."""
        elements = encode_inputs(self.provable.inputs, self.inputs)
        return Work(self.provable.name, elements, self.situation.demand, self.provable.key_id)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a prover that serves works with."""

    vault: Vault = field(repr=False)
    facts: FactsFolder
    provables: Mapping[str, Provable]
    domain: int | None
    """The registry that locks are made for where a document does not say."""
    publishes: bool
    """For development: what is committed is put among the facts."""

    def commit(self, caller: str, name: str, document: bytes, asked: Asked) -> CommitmentReport:
        """Commit to a document and keep what opens it, or what it adds; the same request again has the same answer."""
        text = read_document_text(document)
        request = read_request(parse_json(text), None)
        domain = self.choose_domain(request)

        def make(owner: Secrets, known: KeptPosition | None) -> KeptPosition | None:
            known = known and find_standing(known, self.facts.publication)
            made = commit_request(request, owner, domain) if known is None else top_up(known, request, owner, domain)
            return made and replace(made, document=text, asked=asked)

        kept = self.vault.commit(caller, name, asked, make)
        if self.publishes:
            self.facts.publish(lambda facts: publish_for_development(request, kept, facts))
        assets = [holding.asset for holding in request.subject.basket]
        return CommitmentReport(
            commitment=commit_position(kept.committed),
            position_tag=tag_position(self.vault.key, kept.committed.position_id),
            lock_owners=tuple(map(LockOwner, assets, kept.lock_owners)),
        )

    def choose_domain(self, request: Request) -> int:
        """The registry of the document's demand, or the one that is set; without locks it says nothing."""
        if request.demand is not None:
            return request.demand.domain_element
        if self.domain is None and request.subject.basket:
            expected = "a demand in the document, or facts.domain in the prover's settings"
            raise MisuseError(Reason.MISSING_FIELD, "document.demand", found="nothing", expected=expected)
        return self.domain or 0

    def prepare(self, caller: str, name: str, demand: Demand, wish: Wish = WHATEVER_FITS) -> Work:
        """The work of a proof; where it can't be one, why not."""
        return self.assemble(caller, name, demand, wish).work()

    def assemble(self, caller: str, name: str, demand: Demand, wish: Wish = WHATEVER_FITS) -> Assembled:
        """All that a proof would be made of, at the newest facts; where it can't be one, why not."""
        demand.binding.require_time_left(int(time.time()))
        publication = self.facts.publication
        require_newest(wish, publication)
        kept = self.vault.settled_position(caller, name, publication)
        request = read_kept_request(kept)
        counted = count_locks(kept, wish.locks, self.count_of(wish.statement, demand, kept))
        provable = self.choose(wish.statement, demand, request, counted)
        situation = Situation(self.vault.key, counted, publication, demand)
        return Assembled(request, provable, situation, assemble_inputs(situation, request, provable))

    def prepare_transition(self, caller: str, document: bytes, where: Where, wish: Wish = WHATEVER_FITS) -> Work:
        """The work of a proof that positions change; what opens their new leaves is in the wallet when this returns."""
        where.binding.require_time_left(int(time.time()))
        publication = self.facts.publication
        require_newest(wish, publication)
        changes = read_changes(parse_json(read_document_text(document)))
        if wish.statement not in {"", TRANSITION}:
            raise MisuseError(Reason.NOT_APPLICABLE, "statement", found=wish.statement, expected=TRANSITION)
        if TRANSITION not in self.provables:
            expected = f"one of {', '.join(self.provables)}"
            raise MisuseError(Reason.NOT_APPLICABLE, "statement", found=TRANSITION, expected=expected)
        provable = self.provables[TRANSITION]

        def make(owner: Secrets, positions: Mapping[str, KeptPosition]) -> tuple[Work, Mapping[str, KeptPosition]]:
            plan = Planner(owner, positions, publication, where).plan(changes)
            elements = encode_inputs(provable.inputs, plan.inputs)
            return Work(provable.name, elements, plan.demand, provable.key_id), plan.kept

        return self.vault.change(caller, make)

    def count_of(self, statement: str, demand: Demand, kept: KeptPosition) -> int:
        """How many locks a statement counts: all where none is named, and of those a release finds its own."""
        if isinstance(demand.policy, ReleaseDemand) or statement not in self.provables:
            return len(kept.locks)
        return self.provables[statement].lock_count

    def choose(self, statement: str, demand: Demand, request: Request, kept: KeptPosition) -> Provable:
        """The one statement that says what is demanded of a position with so many locks."""
        if isinstance(demand.policy, ReleaseDemand):
            wanted = Exit.name if statement == Exit.name else Release.name
        else:
            wanted = f"{request.subject.statement}-k{len(kept.locks)}"
        if statement not in {"", wanted}:
            raise MisuseError(Reason.NOT_APPLICABLE, "statement", found=statement, expected=wanted)
        if wanted not in self.provables:
            expected = f"a position for one of {', '.join(self.provables)}"
            raise MisuseError(Reason.NOT_APPLICABLE, "statement", found=wanted, expected=expected)
        return self.provables[wanted]


def require_newest(wish: Wish, publication: Publication) -> None:
    """Proofs are made at the round that the prover knows."""
    if wish.market_root not in {0, publication.roots.market}:
        expected = "the root of the round that the prover knows"
        raise MisuseError(Reason.WRONG_ROOT, "market_root", found="another one", expected=expected)


def read_document_text(document: bytes) -> str:
    """The text of a document of bounded length."""
    if not 0 < len(document) <= MAX_DOCUMENT_BYTES:
        expected = f"1 to {MAX_DOCUMENT_BYTES} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "document", found=f"{len(document)} bytes", expected=expected)
    try:
        return document.decode()
    except UnicodeDecodeError:
        expected = "JSON in UTF-8"
        raise MalformedError(Reason.NOT_READABLE, "document", found="other bytes", expected=expected) from None


def assemble_inputs(situation: Situation, request: Request, provable: Provable) -> Inputs:
    """The inputs of the statement that the demand asks for."""
    policy = situation.demand.policy
    if not isinstance(policy, ReleaseDemand):
        return request.subject.assemble(situation)
    asset, locks = name_asset(policy.asset), situation.kept.locks
    for place, kept in enumerate(locks):
        if (kept.lock.asset, kept.lock.amount) == (asset, policy.amount):
            return (assemble_exit if provable.name == Exit.name else assemble_release)(situation, place)
    expected = "an asset and an amount that are locked for this position"
    raise MisuseError(Reason.NOT_IN_TREE, "demand.release", found="another one", expected=expected)
