"""``ringfence solvency``: a venue proves what it owes and that it has it; auditors and account holders check."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from facts.committee import Committee
from facts.committee_document import read_committee
from facts.demand import parse_moment
from facts.market_round import MarketRound
from facts.signed import Signed
from facts.solvency.header import Header
from facts.solvency.published import TotalDocument
from facts.solvency.reserves import Reserve, add_reserves
from facts.solvency.totals import TotalMode
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache
from prover.publication import read_publication
from prover.solvency.batches import Shard
from prover.solvency.closing import require_enough
from prover.solvency.generating import Crowd
from prover.solvency.padding import EIGHTH, Padding
from prover.solvency.planning import Terms
from prover.solvency.prepared import Prepared
from prover.solvency.reading import require_suffix
from prover.solvency.run import Keys, Ledger, finish, prepare, prove_batches
from prover.solvency.state import State
from prover.solvency.trial import FACTS, VENUE, write_trial
from prover.solvency.venue_document import ACCOUNTS, MOST_ACCOUNTS, read_venue
from prover.solvency.writing import write_accounts
from ringfence.cli.commands import solvency_reserves
from ringfence.cli.commands.groth16 import warn_of_development
from ringfence.cli.commands.solvency_check import check_receipt, verify
from ringfence.cli.commands.solvency_receipt import receipt
from ringfence.cli.fact_files import read_fact, read_facts_of, require_kind
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.progress import Report, show_progress
from ringfence.cli.solvency_view import describe_totals, show_totals
from ringfence.cli.terminal import draw_facts, err, write_json
from snark.bn254.threads import require_threads

app = typer.Typer(help="Proof of solvency: what a venue owes, counted whole, and that it has it.", no_args_is_help=True)
app.command()(verify)
app.command()(receipt)
app.command("check-receipt")(check_receipt)
app.add_typer(solvency_reserves.app, name="reserves")

UNITS = {"reading": "bytes", "proving": "batches", "hashing": "batches", "summing": "batches"}
DAY_SECONDS = 86400

AttestersOption = Annotated[
    list[Path] | None,
    typer.Option("--attesters", help="The committee document of an attester of reserves; any number."),
]
MaxAgeOption = Annotated[
    int, typer.Option("--max-age", help="Seconds that a statement of reserves may lie before or after the run.", min=0)
]


@app.command()
def generate(
    *,
    accounts: Annotated[int, typer.Option("--accounts", help="So many accounts.", min=4, show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Where they go: .ndjson, .csv or .parquet.", show_default=False)],
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same accounts.", min=0)] = 1,
    debts: Annotated[bool, typer.Option("--debts/--no-debts", help="Whether some accounts have borrowed.")] = True,
    batch: Annotated[
        int, typer.Option("--batch", help="Parts of accounts in one proof.", min=1, max=MOST_ACCOUNTS)
    ] = ACCOUNTS,
    as_json: JsonOption = False,
) -> None:
    """Make up accounts like those of a venue, with the venue's document and a round of prices beside them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    count = write_accounts(out, Crowd(accounts, seed, with_debts=debts))
    write_trial(out.parent, batch, lends=debts)
    told = {
        "accounts": count,
        "file": str(out),
        "venue": str(out.parent / VENUE),
        "facts": str(out.parent / FACTS),
    }
    if as_json:
        write_json(told)
    else:
        draw_facts("Made up", told)


@app.command()
def prove(
    *,
    accounts: Annotated[
        Path | None,
        typer.Option("--accounts", help="All accounts: .ndjson, .csv or .parquet. A prepared state has them."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The directory to publish.")] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="The private state of the run; beside --out if left out.")
    ] = None,
    venue: Annotated[
        Path | None, typer.Option("--venue", help="The document of the venue; venue.toml beside the accounts.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option("--facts", help="The folder of the round of prices; facts beside the accounts.")
    ] = None,
    signed_round: Annotated[
        Path | None, typer.Option("--round", help="That round as the oracle's committee signed it (.fact).")
    ] = None,
    mode: Annotated[
        TotalMode, typer.Option("--mode", help="Whether totals are shown, or only compared with reserves.")
    ] = TotalMode.SHOWN,
    padding: Annotated[
        str, typer.Option("--padding", help="What hides the number of accounts: batch, eighth, or a number.")
    ] = EIGHTH,
    at: Annotated[str | None, typer.Option("--at", help="The moment of which the accounts are; now.")] = None,
    zkeys: Annotated[
        Path | None, typer.Option("--zkeys", help="The folder of the proving keys, <statement>.zkey each.")
    ] = None,
    development: Annotated[
        bool, typer.Option("--development", help="Prove with keys made here, which prove nothing to others.")
    ] = False,
    reserves: Annotated[
        list[Path] | None, typer.Option("--reserves", help="A signed statement of reserves (.fact); any number.")
    ] = None,
    attesters: AttestersOption = None,
    max_age: MaxAgeOption = DAY_SECONDS,
    prepare_only: Annotated[
        bool, typer.Option("--prepare", help="Stop when everything is fixed and batches can be proved.")
    ] = False,
    shard: Annotated[
        str | None, typer.Option("--shard", help="Prove one share of the batches and stop: 2/8 is the second of eight.")
    ] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove what a venue owes, from its accounts to a directory to publish. What was stopped goes on where it was."""
    started, folder = time.monotonic(), find_state(state, out)
    keys, share = find_keys(zkeys, development=development, needed=not prepare_only), parse_shard(shard)
    if out is None and not prepare_only and share is None:
        expected = "where to publish, or --prepare, or --shard"
        raise MisuseError(Reason.MISSING_FIELD, "--out", found="nothing", expected=expected)
    held, cores = State.find(folder) if accounts is None else State.open(folder), require_threads(threads)
    with held.hold(alone=share is None), StepReport(as_json=as_json) as report:
        if accounts is None:
            prepared = Prepared.load(held)
        else:
            terms = read_terms(accounts, venue, facts, mode, Padding.parse(padding))
            moment = None if at is None else parse_moment(at, "at")
            ledger = Ledger(accounts, venue or accounts.with_name(VENUE))
            prepared = prepare(held, ledger, terms, moment, report)
        told: dict[str, object] = {"state": str(folder), **describe_run(prepared)}
        given = read_facts_of(reserves or [], Reserve)
        ends = out is not None and not prepare_only and share is None
        compared = compare_reserves(given, prepared.header, attesters, max_age) if ends else None
        require_enough(prepared, compared)
        spoken = read_round(signed_round, prepared.header)
        if not prepare_only:
            told["proved"] = prove_batches(prepared, keys, share or Shard(), cores, report)
        if out is not None and ends:
            total = finish(prepared, keys, out, cores, signed_round=spoken, reserves=given, compared=compared)
            told |= {"out": str(out), **describe_totals(total, prepared.header)}
            show_end(total, prepared.header, development=development, as_json=as_json)
    told["seconds"] = round(time.monotonic() - started, 3)
    if as_json:
        write_json(told)
    else:
        draw_facts("Run", {name: value for name, value in told.items() if name not in {"totals", "reserves"}})


class StepReport(ExitStack):
    """How far the steps of a run are, one bar or line after the other."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json
        self._step = ""
        self._report: Report = lambda _done, _of: None

    def __call__(self, step: str, done: int, of: int) -> None:
        """A step has done so many of so many."""
        if step != self._step:
            self.close()
            self._step = step
            self._report = self.enter_context(show_progress(step, UNITS[step], as_json=self._as_json))
        self._report(done, of)


def find_state(state: Path | None, out: Path | None) -> Path:
    """Where the private state is: never inside what is published."""
    if state is None and out is None:
        expected = "the state of the run, or --out, beside which it is"
        raise MisuseError(Reason.MISSING_FIELD, "--state", found="nothing", expected=expected)
    folder = state or Path(f"{str(out).rstrip('/')}.state")
    if out is not None and out.resolve() in {folder.resolve(), *folder.resolve().parents}:
        expected = "a folder outside of what is published"
        raise MisuseError(Reason.CONFLICTING_FIELDS, "--state", found=str(folder), expected=expected)
    return folder


def find_keys(zkeys: Path | None, *, development: bool, needed: bool) -> Keys:
    """The keys of a ceremony, or such as prove nothing to others."""
    if (zkeys is None) is not development and needed:
        found = "both" if development else "nothing"
        expected = "the keys of a ceremony (--zkeys), or --development"
        raise MisuseError(Reason.MISSING_FIELD, "--zkeys", found=found, expected=expected)
    return Keys(zkeys, Cache(progress=lambda what: err.print(what, highlight=False, markup=False)))


def parse_shard(text: str | None) -> Shard | None:
    """The share that is to be proved, if it is one."""
    return None if text is None else Shard.parse(text)


def read_terms(accounts: Path, venue: Path | None, facts: Path | None, mode: TotalMode, padding: Padding) -> Terms:
    """What the run is about: beside the accounts where nothing else is said."""
    require_suffix(accounts)
    beside = accounts.with_name(VENUE)
    if venue is None and not beside.exists():
        expected = f"the document of the venue, or {VENUE} beside the accounts"
        raise MisuseError(Reason.MISSING_FIELD, "--venue", found="nothing", expected=expected)
    document = read_venue(read_document(venue or beside))
    return Terms(document, read_publication(facts or accounts.with_name(FACTS)).round, mode, padding)


def read_attesters(files: list[Path] | None) -> dict[bytes, Committee]:
    """Attesters by the digests of their committees."""
    committees = (read_committee(read_document(each)) for each in files or [])
    return {committee.digest: committee for committee in committees}


def compare_reserves(
    given: list[Signed[Reserve]], header: Header, attesters: list[Path] | None, max_age: int
) -> tuple[int, ...] | None:
    """What is attested of each asset, where totals are only compared with it."""
    if header.mode is TotalMode.SHOWN:
        return None
    known = read_attesters(attesters)
    return add_reserves(given, header, known, max_age_seconds=max_age)


def read_round(path: Path | None, header: Header) -> Signed[MarketRound] | None:
    """The signed round, if there is one: of the prices of this run."""
    if path is None:
        return None
    signed = require_kind(read_fact(path), MarketRound, str(path))
    if signed.statement.root != header.price_root:
        expected = "the round that the facts of this run are of"
        raise MisuseError(Reason.WRONG_ROOT, "--round", found="another round", expected=expected)
    return signed


def describe_run(prepared: Prepared) -> dict[str, object]:
    """What is fixed."""
    header = prepared.header
    return {"header": str(header.hash), "root": str(prepared.tree.root), "batches": header.batches}


def show_end(total: TotalDocument, header: Header, *, development: bool, as_json: bool) -> None:
    """The totals for a person."""
    warn_of_development(development)
    if not as_json:
        show_totals(total.totals, total.reserves, header)
