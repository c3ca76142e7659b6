"""What a fuzzer is let loose on: every parser as a function of bytes, which returns or raises a typed error.

The parsers in Rust have targets of their own: a file goes past Python's parser of the same format.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

from facts.attestation import Attestation, authenticate_attestation
from facts.attestation_document import read_attestation
from facts.book_root import BookRoot
from facts.canonical import DIGEST_BYTES
from facts.key_file import cut_public_part
from facts.key_set import read_key_set
from facts.lock_root import LockRoot
from facts.market_round import MarketRound, PriceReport
from facts.policy_version import PolicyVersion
from facts.pyth import read_pyth_update
from facts.redstone import read_redstone_payload
from facts.roster import Appointment, Revocation
from facts.secp256k1 import recover_key, require_public_key
from facts.signed import Statement, decode_signed
from facts.solvency.header import Header, decode_header
from facts.solvency.published import decode_batch, read_total
from facts.solvency.receipt import read_receipt, render_receipt
from facts.solvency.reserves import Reserve
from facts.solvency.tables_document import read_tables, render_tables
from margin.documents.reading import parse_json
from margin.errors import MalformedError, MarginError
from margin.errors import Reason as MarginReason
from prover.solvency.reading import read_csv, read_lines
from ringfence.v1 import claim_pb2, prover_service_pb2, registry_service_pb2, verifier_service_pb2
from ringfence.wire.acceptance import read_acceptance, write_acceptance, write_attestation
from ringfence.wire.acceptance import read_attestation as read_signed_attestation
from ringfence.wire.claim import read_claim, read_refusal, write_claim, write_refusal
from ringfence.wire.facts import read_roots, write_roots
from ringfence.wire.operation import read_operation, write_operation
from ringfence.wire.trust import read_trust, write_trust
from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_BYTES
from snark.bn254.encoding import CompressedLayout
from snark.errors import Reason, RejectedError, SnarkError
from snark.groth16.formats import ptau as ptau_file
from snark.groth16.formats import zkey as zkey_file
from snark.groth16.formats.calldata import decode_proof
from snark.groth16.formats.compressed import decompress_proof
from snark.groth16.formats.proof_json import parse_proof
from snark.groth16.formats.public_json import parse_public
from snark.groth16.formats.verification_key import parse_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.prove import ProvingKey
from snark.r1cs.container import Section
from snark.r1cs.program.encoding import decode_program
from snark.r1cs.r1cs_file import read_r1cs
from snark.r1cs.sym_file import iterate_symbols
from snark.r1cs.wtns_file import read_wtns

CORPUS: Final = Path(__file__).parent / "corpus"
MOST_CELLS: Final = 2**16
"""A program that names more is decoded, and not executed."""

Target = Callable[[bytes], object]


def parse_r1cs(data: bytes) -> None:
    read_r1cs(data).require_well_formed()


def parse_sym(data: bytes) -> None:
    for _ in iterate_symbols(data):
        pass


def parse_wtns(data: bytes) -> None:
    list(read_wtns(data).values)


def parse_zkey(data: bytes) -> None:
    zkey = zkey_file.read_zkey(data)
    zkey.require_well_formed()
    list(zkey.ic)


def parse_ptau(data: bytes) -> None:
    ptau = ptau_file.read_ptau(data)
    ptau.require_well_formed()
    list(ptau.tau_g1[:8])


def parse_transcript(data: bytes) -> None:
    """The records of a ceremony's contributions: by the first byte those of a key or those of powers of tau."""
    read = (zkey_file.read_contributions, ptau_file.read_contributions)[data[:1] == b"p"]
    read(Section(zkey_file.CONTRIBUTIONS, memoryview(data)[1:], "transcript"))


def parse_compressed(data: bytes) -> None:
    """By the first byte in the layout of gnark or in that of arkworks."""
    layout = CompressedLayout.GNARK if data[:1] == b"g" else CompressedLayout.ARKWORKS
    decompress_proof(data[1:], layout)


STATEMENTS: Final[tuple[type[Statement], ...]] = (
    PriceReport,
    MarketRound,
    BookRoot,
    LockRoot,
    PolicyVersion,
    Appointment,
    Revocation,
    Reserve,
)


def parse_signed_fact(data: bytes) -> None:
    """By the first byte a statement of one kind or of another; what is read spells what was there."""
    spelled = data[1:]
    if decode_signed(spelled, STATEMENTS[data[0] % len(STATEMENTS) if data else 0]).encode() != spelled:
        raise AssertionError(spelled.hex())


def parse_attestation(data: bytes) -> None:
    """What is read spells what was there, and has a digest."""
    attestation = Attestation.decode(data)
    if attestation.encode() != data or len(attestation.digest) != DIGEST_BYTES:
        raise AssertionError(data.hex())


def parse_attestation_json(data: bytes) -> None:
    """What was signed by nobody who is trusted is not believed."""
    authenticate_attestation(read_attestation(parse_json(data)), keys=())


def parse_key_file(data: bytes) -> None:
    """What is read spells what was there."""
    if not data.startswith(cut_public_part(data).encode()):
        raise AssertionError(data.hex())


def parse_key_list(data: bytes) -> None:
    """The list is written as it is read."""
    keys = read_key_set(parse_json(data))
    if read_key_set(parse_json(keys.render())) != keys:
        raise AssertionError(data.hex())


def parse_solvency_header(data: bytes) -> None:
    """What is read spells what was there."""
    if decode_header(data).encode() != data:
        raise AssertionError(data.hex())


def parse_solvency_tables(data: bytes) -> None:
    """The tables are written as they are read."""
    leaves = read_tables(parse_json(data))
    if read_tables(parse_json(render_tables(leaves))) != leaves:
        raise AssertionError(data.hex())


@cache
def header_of_receipts() -> Header:
    return decode_header((CORPUS / "solvency_header" / "whole").read_bytes())


def parse_solvency_receipt(data: bytes) -> None:
    """A receipt of the run whose header is in the corpus is written as it is read."""
    receipt = read_receipt(parse_json(data), header_of_receipts())
    if read_receipt(parse_json(render_receipt(receipt, header_of_receipts())), header_of_receipts()) != receipt:
        raise AssertionError(data.hex())


def parse_solvency_batch(data: bytes) -> None:
    """A batch is written as it is read."""
    line = decode_batch(data)
    if decode_batch(line.encode()) != line:
        raise AssertionError(data.hex())


def parse_solvency_total(data: bytes) -> None:
    """The total of the run whose header is in the corpus is written as it is read."""
    assets = header_of_receipts().assets
    total = read_total(parse_json(data), assets)
    if read_total(parse_json(total.encode(assets)), assets) != total:
        raise AssertionError(data.hex())


def parse_accounts(data: bytes) -> None:
    """Accounts of a venue are rows first, and objects after a line that begins with an object."""
    lines = iter(data.splitlines(keepends=True))
    for _ in read_lines(lines) if data.startswith(b"{") else read_csv(lines):
        pass


def parse_signature_for_chains(data: bytes) -> None:
    """A digest, then a signature: it leads to a key, or to none."""
    require_public_key(recover_key(data[:DIGEST_BYTES], data[DIGEST_BYTES:]))


MESSAGES: Final[tuple[tuple[type[Message], Callable[[Any], Any], Callable[[Any], Message]], ...]] = (
    (
        claim_pb2.Claim,
        read_claim,
        lambda claim: write_claim(claim.key_id, claim.inputs, claim.proof, claim.demand),
    ),
    (verifier_service_pb2.Acceptance, read_acceptance, write_acceptance),
    (verifier_service_pb2.Attestation, read_signed_attestation, write_attestation),
    (verifier_service_pb2.GetTrustResponse, read_trust, write_trust),
    (registry_service_pb2.Roots, read_roots, write_roots),
    (prover_service_pb2.Operation, read_operation, write_operation),
    (claim_pb2.Refusal, read_refusal, write_refusal),
)


def parse_message(data: bytes) -> None:
    """By the first byte one message or another; what is read is written and read again as the same."""
    message, read, write = MESSAGES[data[0] % len(MESSAGES) if data else 0]
    try:
        arrived = message.FromString(data[1:])
    except DecodeError:
        expected = "a message"
        raise MalformedError(MarginReason.NOT_READABLE, "message", found="other bytes", expected=expected) from None
    value = read(arrived)
    if read(write(value)) != value:
        raise AssertionError(data.hex())


PYTHON: Final[dict[str, Target]] = {
    "r1cs": parse_r1cs,
    "sym": parse_sym,
    "wtns": parse_wtns,
    "ptau": parse_ptau,
    "zkey": parse_zkey,
    "transcript": parse_transcript,
    "program": decode_program,
    "verifying_key": VerifyingKey.decode,
    "verification_key_json": parse_verifying_key,
    "proof_json": parse_proof,
    "public_json": parse_public,
    "calldata": decode_proof,
    "compressed": parse_compressed,
    "signed_fact": parse_signed_fact,
    "pyth": read_pyth_update,
    "redstone": read_redstone_payload,
    "attestation": parse_attestation,
    "attestation_json": parse_attestation_json,
    "key_file": parse_key_file,
    "key_list": parse_key_list,
    "solvency_header": parse_solvency_header,
    "solvency_tables": parse_solvency_tables,
    "solvency_receipt": parse_solvency_receipt,
    "solvency_batch": parse_solvency_batch,
    "solvency_total": parse_solvency_total,
    "accounts": parse_accounts,
    "signature_for_chains": parse_signature_for_chains,
    "message": parse_message,
}


# --- In Rust -------------------------------------------------------------------------------------


def native() -> ModuleType:
    from snark import _native  # noqa: PLC0415 -- absent where it could not be built

    return _native


@cache
def scratch_folder() -> TemporaryDirectory[str]:
    """It goes with this process."""
    return TemporaryDirectory(prefix="fuzz-")


def scratch() -> Path:
    """A file of this process."""
    return Path(scratch_folder().name) / "file"


def open_key(data: bytes) -> ProvingKey:
    scratch().write_bytes(data)
    return ProvingKey.open(scratch(), backend=BackendName.NATIVE, tables=None, threads=1, portable=True)


@cache
def small_key() -> ProvingKey:
    return open_key((CORPUS / "native_zkey" / "whole").read_bytes())


def use_zkey(data: bytes) -> None:
    """A key that can be opened is proved with; where the witness is of another size, that is refused."""
    open_key(data).prove((CORPUS / "native_wtns" / "whole").read_bytes(), check=False)


def use_wtns(data: bytes) -> None:
    small_key().prove(data, check=False)


def use_r1cs(data: bytes) -> None:
    native().make_development_key(data)


def use_program(data: bytes) -> None:
    """Both decoders take it, or refuse it for the same reason at the same place; it is executed with zeros."""
    refused = refusal_of(decode_program, data)
    if refusal_of(native().WitnessProgram, data) != refused:
        raise AssertionError(refused)
    decoded, program = decode_program(data), native().WitnessProgram(data)
    if program.wires + decoded.input_cells < MOST_CELLS:
        with suppress(RejectedError):  # zeros may break a rule
            program.execute_into(bytes(FIELD_BYTES * decoded.input_cells), bytearray(FIELD_BYTES * program.wires))


def refusal_of(decode: Target, data: bytes) -> tuple[Reason, str] | None:
    try:
        decode(data)
    except SnarkError as refusal:
        return refusal.reason, refusal.field
    return None


def use_verifying_key(data: bytes) -> None:
    native().PreparedKey(data)


@cache
def small_verifying_key() -> Any:  # noqa: ANN401 -- of the native module
    return native().PreparedKey((CORPUS / "native_verifying_key" / "whole").read_bytes())


def use_claim(data: bytes) -> None:
    """One input, then a proof."""
    small_verifying_key().verify(data[:FIELD_BYTES], data[FIELD_BYTES:])


def use_points(data: bytes) -> None:
    """By the first byte one of the operations on points."""
    module, kind, rest = native(), data[:1], data[1:]
    if kind == b"1":
        module.g1_add(rest[:64], rest[64:])
    elif kind == b"2":
        module.g2_add(rest[:128], rest[128:])
    elif kind == b"m":
        module.g1_multiply(rest[:64], rest[64:])
    elif kind == b"s":
        module.sum_of_multiples_g1(rest[: len(rest) // 96 * 64], rest[len(rest) // 96 * 64 :], None, 1, True)  # noqa: FBT003
    else:
        module.pairing_product_is_one(rest)


RUST: Final[dict[str, Target]] = {
    "native_r1cs": use_r1cs,
    "native_zkey": use_zkey,
    "native_wtns": use_wtns,
    "native_program": use_program,
    "native_verifying_key": use_verifying_key,
    "native_claim": use_claim,
    "native_points": use_points,
}
TARGETS: Final = PYTHON | RUST


def is_accepted(target: str, data: bytes) -> bool:
    """Whether the parser takes these bytes; anything but an answer or a typed refusal comes out as it is."""
    try:
        TARGETS[target](data)
    except (SnarkError, MarginError) as refusal:
        if refusal.reason in {Reason.BROKEN_INVARIANT, MarginReason.BROKEN_INVARIANT}:
            raise
        return False
    return True
