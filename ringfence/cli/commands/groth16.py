"""``ringfence groth16``: set up, prove, verify, and export, with snarkjs's files and words."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ringfence.cli.exits import ExitCode, exit_of
from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import describe_error, draw_facts, draw_table, out, write_json
from snark.bn254.backend import choose_curve
from snark.errors import SnarkError
from snark.groth16.batch import BatchRejectedError, Claim, verify_batch
from snark.groth16.ceremony.key_setup import set_up_key
from snark.groth16.formats.calldata import format_solidity_arguments
from snark.groth16.formats.proof_json import format_proof, parse_proof, read_proof
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.public_json import format_public, parse_public, read_public
from snark.groth16.formats.strict_json import parse, require_object
from snark.groth16.formats.verification_key import format_verifying_key, read_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import require_pinned
from snark.groth16.proof import Proof
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from snark.r1cs.r1cs_file import read_r1cs

app = typer.Typer(help="Groth16 over BN254, in the files of circom and snarkjs.", no_args_is_help=True)

ZkeyOption = Annotated[Path, typer.Option("--zkey", help="The proving key (.zkey).", show_default=False)]
VkeyOption = Annotated[Path, typer.Option("--vkey", help="The verifying key (verification_key.json).")]
ProofOption = Annotated[Path, typer.Option("--proof", help="The proof (proof.json).")]
PublicOption = Annotated[Path, typer.Option("--public", help="The public inputs (public.json).")]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", help="Threads to use; as many as there are cores.", show_default=False)
]

ClaimsArgument = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help='Lines of {"proof": ..., "public": ...} (.ndjson).', show_default=False
    ),
]

VKEY, PROOF, PUBLIC = Path("verification_key.json"), Path("proof.json"), Path("public.json")
MAX_LINE_BYTES = 2**23


@app.command()
def setup(
    circuit: Annotated[Path, typer.Argument(help="The constraint system (.r1cs).", show_default=False)],
    powers: Annotated[Path, typer.Argument(help="Prepared powers of tau (.ptau).", show_default=False)],
    zkey: Annotated[Path, typer.Argument(help="Where the key goes (.zkey).", show_default=False)],
    *,
    as_json: JsonOption = False,
) -> None:
    """Begin phase 2: the key that nobody has contributed to. Anyone can forge with it until somebody has."""
    circuit_hash = set_up_key(read_r1cs(circuit), read_ptau(powers), zkey, choose_curve())
    tell({"zkey": str(zkey), "circuit_hash": circuit_hash.hex()}, as_json=as_json)


@app.command()
def prove(
    zkey: ZkeyOption,
    wtns: Annotated[Path, typer.Option("--wtns", help="The witness (.wtns).", show_default=False)],
    *,
    proof: ProofOption = PROOF,
    public: PublicOption = PUBLIC,
    threads: ThreadsOption = None,
    tables: Annotated[bool, typer.Option(help="Keep multiples of the key's points beside it, for speed.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Prove from a witness; writes the proof and its public inputs."""
    key = ProvingKey.open(zkey, threads=threads, tables="auto" if tables else None)
    made, inputs = key.prove(wtns)
    proof.write_text(format_proof(made))
    public.write_text(format_public(inputs))
    tell({"proof": str(proof), "public": str(public), "inputs": len(inputs)}, as_json=as_json)


@app.command()
def verify(
    *,
    vkey: VkeyOption = VKEY,
    public: PublicOption = PUBLIC,
    proof: ProofOption = PROOF,
    key_id: Annotated[
        list[str] | None, typer.Option("--key-id", help="An id that the key must have; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a proof: exit 0 where it is valid, 1 with a numbered reason where it is not."""
    key = read_verifying_key(vkey)
    if key_id:
        require_pinned(key, key_id)
    statement = verify_proof(key, read_public(public), read_proof(proof))
    if as_json:
        write_json({"valid": True, "key_id": statement.key_id, "inputs": [str(value) for value in statement.inputs]})
    else:
        out.print(f"[green]valid[/green] under key {statement.key_id}", highlight=False)


@app.command("verify-batch")
def verify_many(
    claims: ClaimsArgument,
    *,
    vkey: VkeyOption = VKEY,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify many proofs under one key at once; names the lines that are not valid."""
    key = read_verifying_key(vkey)
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
        verify_batch(list(lines.values()), threads=threads or 1)
    except BatchRejectedError as rejected:
        refusals |= {numbers[place]: error for place, error in rejected.refusals.items()}
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
def export_vkey(zkey: ZkeyOption, *, vkey: VkeyOption = VKEY, as_json: JsonOption = False) -> None:
    """Write the verifying key of a proving key; one that anyone can forge with is refused."""
    key = extract_verifying_key(read_zkey(zkey))
    vkey.write_text(format_verifying_key(key))
    tell({"vkey": str(vkey), "key_id": key.id, "inputs": key.input_count}, as_json=as_json)


@app.command("export-calldata")
def export_calldata(*, public: PublicOption = PUBLIC, proof: ProofOption = PROOF, as_json: JsonOption = False) -> None:
    """Print the arguments of a Solidity verifier, and the proof's 256 bytes with --json."""
    made, inputs = read_proof(proof), read_public(public)
    arguments = format_solidity_arguments(made, inputs)
    if as_json:
        write_json({"arguments": arguments, "proof": f"0x{made.encode().hex()}"})
    else:
        out.print(arguments, highlight=False, markup=False)


def tell(facts: dict[str, object], *, as_json: bool) -> None:
    """What a command made."""
    if as_json:
        write_json(facts)
    else:
        draw_facts("Done", facts)
