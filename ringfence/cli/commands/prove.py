"""``ringfence prove``: a statement about a committed position, from a document in human units to a proof."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from circuits.catalogue import ENTRIES, find_statement
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from circuits.statements.deleverage import Deleverage
from circuits.statements.exit import Exit
from circuits.statements.liquidation import Liquidation
from circuits.statements.release import Release
from circuits.statements.transition import Transition
from facts.demand import Demand, read_demand
from facts.demand_document import render_demand
from facts.public_inputs import PublicInputs
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache
from prover.claim_files import STATED, render_claim
from prover.commitment import count_locks
from prover.deleverage import plan_deleverage, read_deleverage
from prover.development import DEMAND, read_folder_demand
from prover.liquidation import LiquidationPlan, plan_for, read_liquidation
from prover.place import Where
from prover.proving import Prover, render_verifying_key
from prover.publication import read_publication
from prover.release import assemble_exit, assemble_release
from prover.request import Request, read_request_file
from prover.succession import find_standing
from prover.transition import Planner
from prover.transition_document import WrittenChange, read_changes_file
from prover.wallet import Wallet
from prover.witness import Situation
from ringfence.cli.commands.circuit import NameArgument, ShapeOption
from ringfence.cli.commands.commit import FACTS, WALLET, FactsOption, NameOption, WalletOption
from ringfence.cli.commands.groth16 import DevelopmentOption, warn_of_development, write_text
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import draw_facts, err, write_json
from snark.groth16.proof import Proof

OF_A_LOCK: Final = {Release.name: assemble_release, Exit.name: assemble_exit}
"""Statements about a lock, whatever position it was for."""
OUTPUT = Path("proof")
BOOK_CHANGE, OPENING = "book-change.json", "opening.json"
"""What the keeper of the book is told of a change, and what the owner of a position that a venue reduced is told."""

DemandOption = Annotated[
    Path | None, typer.Option("--demand", help="What the verifier demands; that of the request, or of the facts.")
]


def prove(
    name: NameArgument,
    *,
    file: Annotated[
        Path, typer.Option("--input", help="The position or request that was committed, or a document of a change.")
    ],
    shape: ShapeOption = "",
    called: NameOption = None,
    wallet: WalletOption = WALLET,
    facts: FactsOption = FACTS,
    demand: DemandOption = None,
    lock: Annotated[
        list[int] | None,
        typer.Option(
            "--lock", help="Which of the position's locks count, from 0 on; may be repeated. All if left out."
        ),
    ] = None,
    zkey: Annotated[Path | None, typer.Option("--zkey", help="The proving key of a ceremony (.zkey).")] = None,
    development: DevelopmentOption = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for proof, inputs and key.")] = OUTPUT,
    threads: ThreadsOption = None,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove a statement about a committed position. Exit 1 with the rule's words where the position breaks one."""
    require_key(zkey, development=development)
    if name.partition("-")[0] in {Transition.name, Liquidation.name, Deleverage.name}:
        require_no_position(called, lock)
        work = Making(find_statement(name, shape), zkey, threads, output, development=development)
        if work.statement.name != Transition.name:
            return tell_proved(prove_for_venue(work, file, facts, demand), as_json=as_json)
        passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=False)
        report = prove_transition(work, read_changes_file(file), Wallet.open(wallet, passphrase), facts, demand)
        return tell_proved(report, as_json=as_json)
    request = read_request_file(file)
    wanted = read_wanted(request, facts, demand)
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=False)
    secrets = Wallet.open(wallet, passphrase).secrets
    publication = read_publication(facts)
    kept = find_standing(secrets.position(called or request.name), publication)
    request = request.about(kept)
    named = lock or ()
    statement = choose_statement(name, shape, request, len(named) or len(kept.locks))
    counted = count_locks(kept, named, statement.shape.get("locks", len(kept.locks)))
    situation = Situation(secrets.key, counted, publication, wanted)
    assemble = OF_A_LOCK.get(statement.name)
    inputs = assemble(situation, 0) if assemble else request.subject.assemble(situation)
    return tell_proved(Making(statement, zkey, threads, output, development=development).prove(inputs), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Making:
    """How a proof is made, and where it goes."""

    statement: Statement
    zkey: Path | None
    threads: int | None
    output: Path
    development: bool = field(kw_only=True)

    def write(self, documents: Mapping[str, str]) -> None:
        """Write documents beside the proof."""
        self.output.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            write_text(self.output / name, text)

    def prove(self, inputs: Inputs, keep: Callable[[], None] | None = None) -> dict[str, object]:
        """Make a proof, have kept what has to be kept before it leaves, write it, and say what it is."""
        prover, proving_key = open_prover(self.statement, self.zkey, threads=self.threads, development=self.development)
        made, values = prover.prove(inputs)
        if keep is not None:
            keep()
        write_proof(self.output, made, values, render_verifying_key(proving_key))
        warn_of_development(prover.key.is_for_development)
        named = zip(PublicInputs.of(values).names, values, strict=True)
        return {
            "statement": prover.artifact.interface.name,
            "folder": str(self.output),
            **{name: str(value) for name, value in named},
            "development": prover.key.is_for_development,
        }


def prove_transition(
    making: Making, changes: Sequence[WrittenChange], wallet: Wallet, facts: Path, demand: Path | None
) -> dict[str, object]:
    """Prove that positions change; what opens their new leaves is in the wallet before the proof is anywhere."""
    secrets = wallet.secrets
    plan = Planner(secrets, secrets.positions, read_publication(facts), read_where(facts, demand)).plan(changes)

    def keep() -> None:
        secrets.positions |= plan.kept
        wallet.save()
        making.write({STATED: render_demand(plan.demand), BOOK_CHANGE: plan.book_change.render()})

    return making.prove(plan.inputs, keep)


def prove_for_venue(making: Making, file: Path, facts: Path, demand: Path | None) -> dict[str, object]:
    """Prove what a venue did, from its document; no wallet is asked."""
    publication, where = read_publication(facts), read_where(facts, demand)
    if isinstance(making.statement, Deleverage):
        plan = plan_deleverage(read_deleverage(read_document(file)), making.statement, publication, where)
        return making.prove(plan.inputs, lambda: making.write({STATED: render_demand(plan.demand)}))
    return prove_liquidation(making, plan_for(read_liquidation(read_document(file)), publication, where))


def prove_liquidation(making: Making, plan: LiquidationPlan) -> dict[str, object]:
    """Prove that a venue reduced a position; what opens its new leaf is in the folder before the proof is."""

    def keep() -> None:
        told = {OPENING: plan.opening.render(), BOOK_CHANGE: plan.book_change.render()}
        making.write({**told, STATED: render_demand(plan.demand)})

    return making.prove(plan.inputs, keep)


def read_where(facts: Path, demand: Path | None) -> Where:
    """The place of a demand; what a change comes to is told by its proof."""
    place = require_in_time(read_demand(read_document(demand or facts / DEMAND)))
    return Where(place.domain, place.binding)


def tell_proved(report: Mapping[str, object], *, as_json: bool) -> None:
    """What was proved, and what it told."""
    if as_json:
        write_json(report)
    else:
        draw_facts("Proved", {name: value for name, value in report.items() if name != "development"})


def require_no_position(called: str | None, lock: Sequence[int] | None) -> None:
    """A transition document names its positions, and no lock is a part of them."""
    for option, value in (("--name", called), ("--lock", lock)):
        if value:
            expected = "nothing beside a transition document"
            raise MisuseError(Reason.NOT_APPLICABLE, option, found="something", expected=expected)


def require_key(zkey: Path | None, *, development: bool) -> None:
    """A key of a ceremony is given, or one for development asked for."""
    if zkey is None and not development:
        expected = "a key of a ceremony, or --development"
        raise MisuseError(Reason.MISSING_FIELD, "--zkey", found="nothing", expected=expected)


def read_wanted(request: Request, facts: Path, demand: Path | None) -> Demand:
    """The demand that is named, or that of the request, or that of the facts."""
    if demand is not None:
        return require_in_time(read_demand(read_document(demand), request.subject.money_unit))
    return require_in_time(request.demand or read_folder_demand(facts, request))


def require_in_time(demand: Demand) -> Demand:
    """A proof for a moment that has passed would be refused wherever it is shown, after all the work."""
    demand.binding.require_time_left(int(time.time()))
    return demand


def choose_statement(name: str, shape: str, request: Request, locks: int) -> Statement:
    """The statement, of as many locks as are named, or as the position has, where nothing else is said."""
    if name in OF_A_LOCK:
        return find_statement(name, shape)
    is_bare = not shape and name in {entry.name for entry in ENTRIES}
    statement = find_statement(name, f"locks={locks}" if is_bare else shape)
    if statement.name != request.subject.statement or statement.shape["locks"] > locks:
        expected = f"{request.subject.statement} with at most {locks} locks"
        raise MisuseError(Reason.NOT_APPLICABLE, "statement", found=name, expected=expected)
    return statement


def open_prover(
    statement: Statement, zkey: Path | None, *, threads: int | None, development: bool
) -> tuple[Prover, Path]:
    """The circuit from the cache with its key; what takes a while is told to a person."""
    with err.status("") as status:
        cache = Cache(progress=status.update)
        artifact = cache.artifact(statement)
        key = zkey or cache.development_key(artifact)
        return Prover.open(artifact, key, threads=threads, allow_development_keys=development), key


def write_proof(folder: Path, proof: Proof, values: tuple[int, ...], verifying_key: str) -> None:
    """The files that snarkjs and ``ringfence verify`` read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_claim(proof, values, verifying_key).items():
        write_text(folder / name, text)
