"""``ringfence groth16``: set up, prove, verify, and export, with snarkjs's files and words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ringfence.cli.commands.ceremony import write_initial_key
from ringfence.cli.exits import ExitCode, exit_of
from ringfence.cli.options import JsonOption, ThreadsOption
from ringfence.cli.terminal import describe_error, draw_facts, draw_table, err, out, write_json
from snark.bn254.threads import require_threads
from snark.errors import MisuseError, Reason, SnarkError
from snark.groth16.batch import MAX_THREADS, BatchRejectedError, Claim, verify_batch
from snark.groth16.ceremony.development_key import make_development_key
from snark.groth16.formats.calldata import format_solidity_arguments
from snark.groth16.formats.proof_json import format_proof, parse_proof, read_proof
from snark.groth16.formats.public_json import format_public, parse_public, read_public
from snark.groth16.formats.solidity import write_solidity_verifier
from snark.groth16.formats.strict_json import parse, require_object
from snark.groth16.formats.verification_key import format_verifying_key, read_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import require_pinned
from snark.groth16.proof import Proof
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from snark.r1cs.container import replace_file

app = typer.Typer(help="Groth16 over BN254, in the files of circom and snarkjs.", no_args_is_help=True)

ZkeyOption = Annotated[Path, typer.Option("--zkey", help="The proving key (.zkey).", show_default=False)]
VkeyOption = Annotated[Path, typer.Option("--vkey", help="The verifying key (verification_key.json).")]
ProofOption = Annotated[Path, typer.Option("--proof", help="The proof (proof.json).")]
PublicOption = Annotated[Path, typer.Option("--public", help="The public inputs (public.json).")]

DevelopmentOption = Annotated[
    bool, typer.Option("--development", help="Allow a key made for development; it proves nothing to others.")
]

ClaimsArgument = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help='Lines of {"proof": ..., "public": ...} (.ndjson).', show_default=False
    ),
]

VKEY, PROOF, PUBLIC = Path("verification_key.json"), Path("proof.json"), Path("public.json")
CONTRACT = Path("Groth16Verifier.sol")
MAX_LINE_BYTES = 2**23


@app.command()
def setup(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="R1CS PTAU ZKEY", help="The files in snarkjs's order, or by name.", show_default=False),
    ] = None,
    *,
    r1cs: Annotated[Path | None, typer.Option("--r1cs", help="The constraint system (.r1cs).")] = None,
    ptau: Annotated[Path | None, typer.Option("--ptau", help="Prepared powers of tau (.ptau).")] = None,
    zkey: Annotated[Path | None, typer.Option("--zkey", help="Where the key goes (.zkey).")] = None,
    development: Annotated[
        bool,
        typer.Option(
            "--development", help="A key in one step and without powers of tau: marked inside, refused by others."
        ),
    ] = False,
    vkey: Annotated[
        Path | None, typer.Option("--vkey", help="Where its verifying key goes, too; with --development.")
    ] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin phase 2: a key that anyone can forge with until somebody contributes. Or make one for development."""
    named = {"r1cs": r1cs, "ptau": ptau, "zkey": zkey}
    if development:
        circuit, key = take_files(("r1cs", "zkey"), files or (), named)
        tell(set_up_for_development(circuit, key, vkey), as_json=as_json)
        return
    if vkey is not None:
        expected = "no verifying key before somebody has contributed"
        raise MisuseError(Reason.NOT_APPLICABLE, "--vkey", found=str(vkey), expected=expected)
    circuit, powers, key = take_files(("r1cs", "ptau", "zkey"), files or (), named)
    circuit_hash = write_initial_key(circuit, powers, key, threads, as_json=as_json)
    tell({"zkey": str(key), "circuit_hash": circuit_hash.hex()}, as_json=as_json)


def take_files(names: Sequence[str], in_order: Sequence[Path], named: Mapping[str, Path | None]) -> list[Path]:
    """The files that are wanted, which stand in order or each behind its name, and no others."""
    given = {name: path for name, path in named.items() if path is not None}
    if in_order and not given and len(in_order) == len(names):
        return list(in_order)
    if in_order or set(given) != set(names):
        found = " ".join([*map(str, in_order), *(f"--{name}" for name in given)]) or "no files"
        expected = f"{len(names)} files: {' '.join(f'--{name}' for name in names)}, or in this order without names"
        raise MisuseError(Reason.WRONG_COUNT, "files", found=found, expected=expected)
    return [given[name] for name in names]


def set_up_for_development(circuit: Path, zkey: Path, vkey: Path | None) -> dict[str, object]:
    """Make a marked key, and its verifying key where that is wanted."""
    make_development_key(circuit, zkey)
    key = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
    if vkey is not None:
        write_text(vkey, format_verifying_key(key))
    warn_of_development(key.is_for_development)
    files = {"zkey": str(zkey)} | ({} if vkey is None else {"vkey": str(vkey)})
    return files | {"key_id": key.id, "development": True}


@app.command()
def prove(
    zkey: ZkeyOption,
    wtns: Annotated[Path, typer.Option("--wtns", help="The witness (.wtns).", show_default=False)],
    *,
    proof: ProofOption = PROOF,
    public: PublicOption = PUBLIC,
    threads: ThreadsOption = None,
    tables: Annotated[bool, typer.Option(help="Keep multiples of the key's points beside it, for speed.")] = True,
    sha256: Annotated[str | None, typer.Option("--sha256", help="What the key's file has to hash to, in hex.")] = None,
    development: DevelopmentOption = False,
    as_json: JsonOption = False,
) -> None:
    """Prove from a witness; writes the proof and its public inputs."""
    key = ProvingKey.open(
        zkey,
        threads=threads,
        tables="auto" if tables else None,
        sha256=sha256,
        allow_development_keys=development,
    )
    made, inputs = key.prove(wtns)
    write_text(proof, format_proof(made))
    write_text(public, format_public(inputs))
    warn_of_development(key.is_for_development)
    facts = {"proof": str(proof), "public": str(public), "inputs": len(inputs)}
    tell(facts | {"development": key.is_for_development}, as_json=as_json)


@app.command()
def verify(
    *,
    vkey: VkeyOption = VKEY,
    public: PublicOption = PUBLIC,
    proof: ProofOption = PROOF,
    key_id: Annotated[
        list[str] | None, typer.Option("--key-id", help="An id that the key must have; may be repeated.")
    ] = None,
    development: DevelopmentOption = False,
    as_json: JsonOption = False,
) -> None:
    """Verify a proof: exit 0 where it is valid, 1 with a numbered reason where it is not."""
    key = read_verifying_key(vkey, allow_development_keys=development)
    if key_id:
        require_pinned(key, key_id)
    statement = verify_proof(key, read_public(public), read_proof(proof))
    warn_of_development(statement.is_for_development)
    if as_json:
        inputs = [str(value) for value in statement.inputs]
        told = {"valid": True, "key_id": statement.key_id, "development": statement.is_for_development}
        write_json(told | {"inputs": inputs})
    else:
        out.print(f"[green]valid[/green] under key {statement.key_id}", highlight=False)


@app.command("verify-batch")
def verify_many(
    claims: ClaimsArgument,
    *,
    vkey: VkeyOption = VKEY,
    threads: ThreadsOption = None,
    development: DevelopmentOption = False,
    as_json: JsonOption = False,
) -> None:
    """Verify many proofs under one key at once; names the lines that are not valid."""
    key = read_verifying_key(vkey, allow_development_keys=development)
    lines: dict[int, Claim] = {}
    refusals: dict[int, SnarkError] = {}
    with claims.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
            try:
                lines[number] = Claim(key, *read_claim(line))
            except SnarkError as error:
                refusals[number] = error
    numbers = list(lines)
    try:
        verify_batch(list(lines.values()), threads=min(require_threads(threads), MAX_THREADS))
    except BatchRejectedError as rejected:
        refusals |= {numbers[place]: error for place, error in rejected.refusals.items()}
    warn_of_development(key.is_for_development)
    answer_batch(len(set(lines) | set(refusals)), refusals, as_json=as_json)


def read_claim(line: bytes) -> tuple[tuple[int, ...], Proof]:
    """The public inputs and the proof of one line, as strictly as from two files."""
    document = require_object(parse(line, MAX_LINE_BYTES, "line"), "", ("proof", "public"))
    return parse_public(json.dumps(document["public"])), parse_proof(json.dumps(document["proof"]))


def answer_batch(claims: int, refusals: Mapping[int, SnarkError], *, as_json: bool) -> NoReturn:
    """Tell which lines are not valid and why; the exit code is that of the worst."""
    if as_json:
        bad = [{"line": line, **describe_error(error)} for line, error in sorted(refusals.items())]
        write_json({"claims": claims, "valid": claims - len(refusals), "refused": bad})
    else:
        draw_facts("Batch", {"claims": claims, "valid": claims - len(refusals), "refused": len(refusals)})
        if refusals:
            rows = [[line, error.reason.value, error.field] for line, error in sorted(refusals.items())]
            draw_table("Refused", ["line", "reason", "field"], rows)
    raise typer.Exit(max((exit_of(error) for error in refusals.values()), default=ExitCode.YES))


@app.command("export-vkey")
def export_vkey(
    zkey: ZkeyOption, *, vkey: VkeyOption = VKEY, development: DevelopmentOption = False, as_json: JsonOption = False
) -> None:
    """Write the verifying key of a proving key; one that anyone can forge with is refused."""
    key = extract_verifying_key(read_zkey(zkey), allow_development_keys=development)
    write_text(vkey, format_verifying_key(key))
    warn_of_development(key.is_for_development)
    facts = {"vkey": str(vkey), "key_id": key.id, "inputs": key.input_count}
    tell(facts | {"development": key.is_for_development}, as_json=as_json)


@app.command("export-calldata")
def export_calldata(*, public: PublicOption = PUBLIC, proof: ProofOption = PROOF, as_json: JsonOption = False) -> None:
    """Print the arguments of a Solidity verifier, and the proof's 256 bytes with --json."""
    made, inputs = read_proof(proof), read_public(public)
    arguments = format_solidity_arguments(made, inputs)
    if as_json:
        write_json({"arguments": arguments, "proof": f"0x{made.encode().hex()}"})
    else:
        out.print(arguments, highlight=False, markup=False)


@app.command("export-solidity")
def export_solidity(
    *,
    vkey: VkeyOption = VKEY,
    out_file: Annotated[Path, typer.Option("--out", help="Where the contract goes.")] = CONTRACT,
    name: Annotated[str, typer.Option("--name", help="What the contract is called.")] = CONTRACT.stem,
    development: DevelopmentOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a Solidity contract that verifies proofs under a key, and reverts with the reason."""
    key = read_verifying_key(vkey, allow_development_keys=development)
    write_text(out_file, write_solidity_verifier(key, name))
    warn_of_development(key.is_for_development)
    facts = {"contract": str(out_file), "name": name, "key_id": key.id, "inputs": key.input_count}
    tell(facts | {"development": key.is_for_development}, as_json=as_json)


def write_text(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    with replace_file(path) as file:
        file.write(text.encode())


def warn_of_development(is_for_development: bool) -> None:  # noqa: FBT001 -- the answer of the key itself
    """Say to a person, beside whatever is answered, that it means nothing to others."""
    if is_for_development:
        err.print("[yellow]insecure[/yellow] the key was made for development: it proves nothing to others")


def tell(facts: dict[str, object], *, as_json: bool) -> None:
    """What a command made."""
    if as_json:
        write_json(facts)
    else:
        draw_facts("Done", facts)
