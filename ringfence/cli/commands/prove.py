"""``ringfence prove``: a statement about a committed position, from a document in human units to a proof."""

from pathlib import Path
from typing import Annotated

import typer

from circuits.catalogue import ENTRIES, find_statement
from circuits.statement import Statement
from circuits.statements.release import Release
from facts.demand import Demand, read_demand
from facts.public_inputs import PublicInputs
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from prover.artifacts import Cache
from prover.commitment import count_locks
from prover.development import read_folder_demand
from prover.proving import Prover, render_verifying_key
from prover.publication import read_publication
from prover.release import assemble_release
from prover.request import Request, read_request_file
from prover.wallet import Wallet
from prover.witness import Situation
from ringfence.cli.commands.circuit import NameArgument, ShapeOption
from ringfence.cli.commands.commit import FACTS, WALLET, FactsOption, NameOption, WalletOption
from ringfence.cli.commands.groth16 import DevelopmentOption, warn_of_development, write_text
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.terminal import draw_facts, err, write_json
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.proof import Proof

OUTPUT = Path("proof")
PROOF, PUBLIC, VKEY = "proof.json", "public.json", "verification_key.json"

DemandOption = Annotated[
    Path | None, typer.Option("--demand", help="What the verifier demands; that of the request, or of the facts.")
]


def prove(
    name: NameArgument,
    *,
    file: Annotated[Path, typer.Option("--input", help="The position or request that was committed.")],
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
    request = read_request_file(file)
    wanted = read_wanted(request, facts, demand)
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=False)
    secrets = Wallet.open(wallet, passphrase).secrets
    kept = secrets.position(called or request.name)
    request.require_committed(kept)
    named = lock or ()
    statement = choose_statement(name, shape, request, len(named) or len(kept.locks))
    counted = count_locks(kept, named, statement.shape.get("locks", len(kept.locks)))
    situation = Situation(secrets.key, counted, read_publication(facts), wanted)
    is_release = statement.name == Release.name
    inputs = assemble_release(situation, 0) if is_release else request.subject.assemble(situation)
    prover, proving_key = open_prover(statement, zkey, threads=threads, development=development)
    made, values = prover.prove(inputs)
    write_proof(output, made, values, render_verifying_key(proving_key))
    warn_of_development(prover.key.is_for_development)
    report: dict[str, object] = {"statement": prover.artifact.interface.name, "folder": str(output)}
    report |= {name: str(value) for name, value in zip(PublicInputs.of(values).names, values, strict=True)}
    if as_json:
        write_json(report | {"development": prover.key.is_for_development})
    else:
        draw_facts("Proved", report)


def require_key(zkey: Path | None, *, development: bool) -> None:
    """A key of a ceremony is given, or one for development asked for."""
    if zkey is None and not development:
        expected = "a key of a ceremony, or --development"
        raise MisuseError(Reason.MISSING_FIELD, "--zkey", found="nothing", expected=expected)


def read_wanted(request: Request, facts: Path, demand: Path | None) -> Demand:
    """The demand that is named, or that of the request, or that of the facts."""
    if demand is not None:
        return read_demand(read_document(demand), request.subject.money_unit)
    return request.demand or read_folder_demand(facts, request)


def choose_statement(name: str, shape: str, request: Request, locks: int) -> Statement:
    """The statement, of as many locks as are named, or as the position has, where nothing else is said."""
    if name == Release.name:
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
    write_text(folder / VKEY, verifying_key)
    write_text(folder / PUBLIC, format_public(values))
    write_text(folder / PROOF, format_proof(proof))
