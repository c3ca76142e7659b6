"""What the page of a trader asks, and how it is answered: one caller's positions, by the desk and the jobs of a prover.

A proof is asked for by the id of the claim that a preview has shown. Where the facts have moved since, it would be
another claim, and is not made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Final

from facts.commitments import tag_position
from facts.demand import Demand, read_demand, read_ppm
from facts.demand_document import render_demand, write_policy
from facts.policy import StatementPolicy
from facts.public_inputs import identify_claim
from margin.bounds import MAX_HOLDINGS
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MarginError, MisuseError, Reason, RejectedError
from margin.requirement import RequirementKind
from margin.stress import parse_move, parse_shock, require_shock
from prover.claim_files import STATED, pack_files, render_claim
from prover.commitment import count_locks
from prover.desk import Assembled, Desk, Wish
from prover.development import DEMAND
from prover.jobs import Jobs, Work
from prover.option_structure import OptionStructure
from prover.page.disclosure import report_disclosure
from prover.page.expiry_outlook import CoveredStructure, report_expiry
from prover.page.price_outlook import attest, report_outlook
from prover.page.scenario_outlook import report_scenarios
from prover.page.verdict import judge
from prover.perpetual import Perpetual
from prover.portfolio import Portfolio
from prover.publication import Publication
from prover.request import Request, read_kept_request
from prover.wallet import KeptPosition
from ringfence.wire.elements import read_request_id, read_text
from ringfence.wire.operation import OperationReport
from serving.errors import Reason as ServingReason
from serving.errors import RejectedError as ServingRejectedError
from snark.groth16.formats.verification_key import format_verifying_key

MOST_POSITIONS: Final = 1000
MOST_PROOFS: Final = 50
LOCK_COUNTS: Final = tuple(map(str, range(MAX_HOLDINGS + 1)))
Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Question:
    """A proof that somebody thinks about: of which position, with how many locks, and what it is to say."""

    name: str
    locks: int
    requirement: RequirementKind
    shock_ppm: int
    buffer_ppm: int

    @classmethod
    def read(cls, fields: Fields) -> "Question":
        """All of it has to be said."""
        return cls(
            read_text(fields.text("name"), "name"),
            read_lock_count(fields),
            fields.choice("requirement", RequirementKind),
            read_ppm(fields, "shock"),
            read_ppm(fields, "buffer"),
        )

    @property
    def digest(self) -> bytes:
        """What tells it from another one."""
        return sha256(repr(self).encode()).digest()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What somebody wonders about a position: with so much more cash, after a move, at a price at expiry."""

    top_up: Fraction
    shock: str
    """A move of prices as it was written: without a sign it is against a position that has a side."""
    price: Fraction | None

    @classmethod
    def read(cls, fields: Fields) -> "WhatIf":
        """None of it has to be said."""
        return cls(fields.decimal("top_up", Fraction(0)), fields.text("shock", ""), fields.decimal_or_none("price"))

    def show(self, request: Request, publication: Publication, locks: int) -> Document:
        """What becomes of a position of any kind."""
        match request.subject:
            case Perpetual() as subject:
                require_unasked(self.price, "price", "a shock: the mark of a perpetual or a future moves")
                document = attest(request, subject, publication, locks)
                shock = parse_shock(self.shock or "0", document.position.side)
                return report_outlook(document, self.top_up, require_shock(shock))
            case OptionStructure() as subject:
                require_unasked(self.shock or None, "shock", "a price: a structure is judged at expiry")
                return report_expiry(CoveredStructure.attest(subject, publication), self.top_up, self.price)
            case Portfolio() as subject:
                require_unasked(self.price, "price", "a shock: the prices of a netting set move together")
                return report_scenarios(subject, publication, self.top_up, require_shock(parse_move(self.shock or "0")))


@dataclass(frozen=True, slots=True)
class Trader:
    """One caller of a prover, in front of the page."""

    desk: Desk = field(repr=False)
    jobs: Jobs = field(repr=False)
    caller: str
    demand: Path | None
    """The file that says what is demanded; else a document's own, or that of the folder of facts."""
    facts: Path

    # --- Looking -----------------------------------------------------------------------------------------

    def list_positions(self) -> Document:
        """Every position with what can be asked of it."""
        positions = list(self.desk.vault.positions(self.caller).items())
        rows = [self.describe(name, kept) for name, kept in positions[:MOST_POSITIONS]]
        return {"caller": self.caller, "positions": rows, "more": len(positions) > MOST_POSITIONS}

    def describe(self, name: str, kept: KeptPosition) -> Document:
        """One position; one that can't be asked about says why."""
        row = {"name": name, "tag": f"{tag_position(self.desk.vault.key, kept.committed.position_id):064x}"}
        try:
            kept, request = self.find(name)
            _, policy = self.read_demand(request)
        except MarginError as error:
            return {**row, "unknown": error.expected}
        return {
            **row,
            "label": request.subject.label,
            "statement": request.subject.statement,
            "standing": kept.standing.value,
            "locks": len(kept.locks),
            "awaited": len(kept.awaited),
            "lock_choices": self.list_lock_choices(request, kept),
            "demand": write_policy(policy),
        }

    def list_keys(self) -> Document:
        """What proofs of this prover are verified with, as they are hashed to their ids."""
        return {
            "keys": [
                {
                    "id": provable.key_id,
                    "statement": provable.name,
                    "development": provable.is_for_development,
                    "canonical": provable.verifying.encode().hex(),
                }
                for provable in self.desk.provables.values()
            ]
        }

    def find(self, name: str) -> tuple[KeptPosition, Request]:
        """A position as the book shows it, with its document."""
        kept = self.desk.vault.settled_position(self.caller, name, self.desk.facts.publication)
        return kept, read_kept_request(kept)

    def list_lock_choices(self, request: Request, kept: KeptPosition) -> list[int]:
        """How many locks there are statements for that can be proved here."""
        statement = request.subject.statement
        return [count for count in range(len(kept.locks) + 1) if f"{statement}-k{count}" in self.desk.provables]

    def read_demand(self, request: Request) -> tuple[Demand, StatementPolicy]:
        """What a verifier demands of a position: where, and which margin."""
        unit = request.subject.money_unit
        if self.demand is not None:
            demand = read_demand(read_document(self.demand), unit)
        else:
            demand = request.demand or read_demand(read_document(self.facts / DEMAND), unit)
        if not isinstance(demand.policy, StatementPolicy):
            raise MisuseError(Reason.NOT_APPLICABLE, "demand", found="another one", expected="a demand with a policy")
        return demand, demand.policy

    def show_outlook(self, fields: Fields) -> Document:
        """A position over the price, at expiry or in each scenario: as it is and as it would be."""
        with fields:
            name, locks = read_text(fields.text("name"), "name"), read_lock_count(fields)
            what_if = WhatIf.read(fields)
        kept, request = self.find(name)
        return what_if.show(request, self.desk.facts.publication, len(count_locks(kept, (), locks).locks))

    def show_preview(self, fields: Fields) -> Document:
        """What a proof would tell and what not, and whether it can be made."""
        with fields:
            question = Question.read(fields)
        assembled = self.assemble(question)
        verdict = judge(assembled.request, assembled.situation)
        return {**report_disclosure(assembled), "verdict": verdict.report()}

    # --- Proving -----------------------------------------------------------------------------------------

    def ask_for_proof(self, fields: Fields) -> Document:
        """Begin the proof that a preview has shown; where it would be another one, or none, why not."""
        with fields:
            question = Question.read(fields)
            shown = fields.text("claim_id")
            request_id = read_request_id(fields.text("request_id"))

        def prepare() -> Work:
            assembled = self.assemble(question)
            if report_disclosure(assembled)["claim_id"] != shown:
                found, expected = "other facts", "the claim that was shown: look at what it would tell once more"
                raise RejectedError(Reason.WRONG_ROOT, "claim_id", found=found, expected=expected)
            judge(assembled.request, assembled.situation).require_holds()
            return assembled.work()

        report, _ = self.jobs.ask(self.caller, request_id, question.digest + shown.encode(), prepare)
        return self.describe_proof(report)

    def assemble(self, question: Question) -> Assembled:
        """All that a proof would be made of."""
        _, request = self.find(question.name)
        demand, policy = self.read_demand(request)
        wanted = replace(
            policy, requirement=question.requirement, shock_ppm=question.shock_ppm, buffer_ppm=question.buffer_ppm
        )
        wish = Wish(f"{request.subject.statement}-k{question.locks}")
        return self.desk.assemble(self.caller, question.name, replace(demand, policy=wanted), wish)

    def list_proofs(self) -> Document:
        """The newest ones, whoever of this caller's programs asked for them."""
        found = self.jobs.list_jobs(self.caller, None, MOST_PROOFS, None)
        return {"proofs": [self.describe_proof(report) for _, report in found]}

    def show_proof(self, job_id: str) -> Document:
        """One of them, as it is now."""
        return self.describe_proof(self.jobs.find(self.caller, read_request_id(job_id, "id")))

    def cancel_proof(self, job_id: str) -> Document:
        """End one; its worker is killed before this returns."""
        return self.describe_proof(self.jobs.cancel(self.caller, read_request_id(job_id, "id")))

    def describe_proof(self, report: OperationReport) -> Document:
        """A proof that is being made, or was."""
        failure, claim = report.failure, report.claim
        return {
            "id": report.id,
            "state": report.state.value,
            "over": report.state.is_over,
            "statement": report.statement,
            "created_at": report.created_at,
            "finished_at": report.finished_at,
            "progress_ppm": report.progress_ppm,
            "failure": None if failure is None else {"reason": failure.reason, "expected": failure.expected},
            "claim_id": None
            if claim is None
            else identify_claim(claim.demand.domain_element, claim.key_id, claim.inputs),
        }

    def pack_claim(self, job_id: str) -> bytes:
        """Proof, public inputs, key and demand in an archive."""
        report = self.jobs.find(self.caller, read_request_id(job_id, "id"))
        if report.claim is None:
            found, expected = "none", "a proof that was made"
            raise ServingRejectedError(ServingReason.NOT_FOUND, "id", found=found, expected=expected)
        claim = report.claim
        key = format_verifying_key(self.desk.provables[report.statement].verifying)
        return pack_files({**render_claim(claim.proof, claim.values, key), STATED: render_demand(claim.demand)})


def require_unasked(asked: object, field_name: str, expected: str) -> None:
    """What is no question about a kind of position is not left unanswered in silence."""
    if asked is not None:
        raise MisuseError(Reason.NOT_APPLICABLE, field_name, found="a question", expected=expected)


def read_lock_count(fields: Fields) -> int:
    """How many locks count, in digits, as it stands in an address."""
    text = fields.text("locks")
    if text not in LOCK_COUNTS:
        raise MalformedError(Reason.NOT_AN_INTEGER, "locks", found=text, expected=f"0 to {MAX_HOLDINGS}")
    return int(text)
