"""A run from its accounts to what is published: three parts, each of which can be stopped and gone on with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from circuits.artifact import Artifact
from circuits.statement import Statement
from circuits.statements.solvency import Solvency
from circuits.statements.solvency_total import SolvencyTotal
from facts.market_round import MarketRound
from facts.signed import Signed
from facts.solvency.header import Header
from facts.solvency.published import TotalDocument, name_total
from facts.solvency.reserves import Reserve
from facts.solvency.shape import BatchShape
from facts.solvency.totals import TotalMode
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache
from prover.proving import Prover, render_verifying_key
from prover.solvency.batches import Batches, Shard
from prover.solvency.closing import Attachments, prove_total, publish, render_allow_list
from prover.solvency.planning import Terms
from prover.solvency.prepared import Prepared
from prover.solvency.preparing import Preparation, Report
from prover.solvency.state import State, hash_input
from snark.groth16.formats.verification_key import parse_verifying_key

PROVE: Final = "proving"


def statement_of(shape: BatchShape) -> Solvency:
    """The statement of a class."""
    account = shape.account
    return Solvency(shape.accounts, account.positions, account.balances, account.debts, shape.levels)


def total_of(header: Header) -> SolvencyTotal:
    """The statement of the total."""
    total = header.total
    return SolvencyTotal(total.markets, total.assets, total.tiers, int(header.mode is TotalMode.HIDDEN))


@dataclass(frozen=True, slots=True)
class Ledger:
    """The files of a run."""

    accounts: Path
    venue: Path


def list_inputs(ledger: Ledger, terms: Terms) -> dict[str, str]:
    """What a state is the state of: whatever the header and the leaves follow from."""
    return {
        "accounts": hash_input(ledger.accounts),
        "venue": hash_input(ledger.venue),
        "round": str(terms.round.root),
        "mode": terms.mode.value,
        "padding": terms.padding.spelling,
    }


def prepare(state: State, ledger: Ledger, terms: Terms, time: int | None, report: Report) -> Prepared:
    """The first part: begun, gone on with, or done already."""
    run = state.begin(list_inputs(ledger, terms), time)
    if not state.is_prepared:
        Preparation(state, run, terms.plan(state, run), report).prepare(ledger.accounts)
    return Prepared.load(state)


@dataclass(frozen=True, slots=True)
class Keys:
    """Where proving keys come from: a folder with ``<statement>.zkey`` for each statement, or made here for trials."""

    folder: Path | None
    cache: Cache

    def find(self, name: str, statement: Statement) -> tuple[Artifact, Path]:
        """The circuit of a statement, and its proving key."""
        artifact = self.cache.artifact(statement)
        if self.folder is None:
            return artifact, self.cache.development_key(artifact)
        if not (zkey := self.folder / f"{name}.zkey").exists():
            expected = f"{zkey.name} in {self.folder}"
            raise MisuseError(Reason.NOT_A_KEY, "zkeys", found="no key of this statement", expected=expected)
        return artifact, zkey

    def open(self, name: str, statement: Statement, threads: int) -> Prover:
        """A prover of a statement."""
        artifact, zkey = self.find(name, statement)
        return Prover.open(artifact, zkey, threads=threads, allow_development_keys=self.folder is None)

    def render(self, name: str, statement: Statement) -> str:
        """The verifying key of a statement, as its file has it."""
        return render_verifying_key(self.find(name, statement)[1])


def list_statements(header: Header) -> dict[str, Statement]:
    """Every statement of a run by the name that it has there: those of its classes, and that of the total."""
    named: dict[str, Statement] = {each.shape.name: statement_of(each.shape) for each in header.classes}
    return {**named, name_total(header): total_of(header)}


def prove_batches(prepared: Prepared, keys: Keys, shard: Shard, threads: int, report: Report) -> int:
    """The second part: what is missing of a shard; how many batches that was."""
    missing = Batches(prepared, {}).list_missing(shard)
    needed = {prepared.header.class_of(batch)[1].shape.name for batch in missing}
    statements = list_statements(prepared.header)
    provers = {name: keys.open(name, statements[name], threads=1) for name in sorted(needed)}
    batches = Batches(prepared, provers)
    return batches.prove_missing(shard, threads, lambda done, of: report(PROVE, done, of))


def finish(
    prepared: Prepared,
    keys: Keys,
    out: Path,
    threads: int,
    *,
    signed_round: Signed[MarketRound] | None = None,
    reserves: Sequence[Signed[Reserve]] = (),
    compared: Sequence[int] | None = None,
) -> TotalDocument:
    """The third part: the total is proved, and everything is published."""
    statements, name = list_statements(prepared.header), name_total(prepared.header)
    total = prove_total(prepared, keys.open(name, statements[name], threads), compared)
    texts = {each: keys.render(each, statement) for each, statement in statements.items()}
    ids = {each: parse_verifying_key(text, allow_development_keys=True).id for each, text in texts.items()}
    allow_list = render_allow_list(prepared, ids)
    publish(out, prepared, total, Attachments(texts, allow_list, signed_round, reserves))
    return total
