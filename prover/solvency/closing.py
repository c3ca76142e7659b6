"""The last part of a run: the total is proved, and what everybody may see is put where it is published, all at once.

Nothing of the state is in the directory but hashes and proofs. It takes its place in one step, when it is whole; a
directory of another run is left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from circuits.artifact import replace_folder
from circuits.statements.solvency_total import TotalWitness, inputs_for
from facts.market_round import MarketRound
from facts.signed import Signed
from facts.solvency.published import (
    BATCHES,
    HEADER,
    KEYS,
    RESERVES,
    ROUND,
    TABLES,
    TOTAL,
    BatchLine,
    TotalDocument,
    name_total,
)
from facts.solvency.reserves import Reserve
from facts.solvency.running import commit_running
from facts.solvency.totals import TotalMode, Totals, require_reserves
from margin.errors import MisuseError, Reason
from prover.proving import Prover
from prover.solvency.batches import has_proof, read_proof
from prover.solvency.prepared import Prepared
from prover.solvency.state import TABLES as STATE_TABLES
from snark.groth16.formats.calldata import encode_proof
from snark.r1cs.container import replace_file

ALLOW_LIST: Final = "keys.toml"
FACT: Final = ".fact"
NAME_LETTERS: Final = 16


@dataclass(frozen=True, slots=True)
class Attachments:
    """What is published beside the proofs, as it was signed by others or taken from keys."""

    keys: dict[str, str]
    """The verifying key of each statement, as its file has it."""
    allow_list: str
    round: Signed[MarketRound] | None = None
    reserves: Sequence[Signed[Reserve]] = ()


def find_totals(prepared: Prepared) -> Totals:
    """What is owed of each asset of the run."""
    sums, assets = prepared.sums, len(prepared.header.assets)
    return Totals(sums.owed6[:assets], sums.debts[:assets], sums.gaps6[:assets])


def require_enough(prepared: Prepared, reserves: Sequence[int] | None) -> None:
    """Where totals are only compared with reserves, these are enough: known long before anything is proved."""
    if reserves is not None:
        require_reserves(find_totals(prepared), reserves)


def prove_total(prepared: Prepared, prover: Prover, reserves: Sequence[int] | None) -> TotalDocument:
    """The proof of the total, and what it says in the open."""
    header, sums, hidden = prepared.header, prepared.sums, prepared.header.mode is TotalMode.HIDDEN
    compared = tuple(reserves or ()) if hidden else None
    require_enough(prepared, compared)
    witness = TotalWitness(
        prepared.challenge, header.total, prepared.tables, prepared.after(header.batches - 1), sums, compared
    )
    proof, _ = prover.prove(inputs_for(witness))
    return TotalDocument(
        root=prepared.tree.root,
        sums=sums.commit(),
        proof=encode_proof(proof),
        totals=None if hidden else find_totals(prepared),
        reserves=compared,
    )


def list_batches(prepared: Prepared) -> Iterator[BatchLine]:
    """A line for each batch; all are proved."""
    before = commit_running(prepared.before(0))
    for batch, root in enumerate(prepared.roots):
        if not has_proof(prepared.state, batch):
            expected = "the proofs of all batches: run prove again, or bring those of other machines back"
            raise MisuseError(Reason.WRONG_STATE, f"batches[{batch}]", found="no proof", expected=expected)
        after = commit_running(prepared.after(batch))
        yield BatchLine(root, before, after, encode_proof(read_proof(prepared.state, batch)))
        before = after


def publish(folder: Path, prepared: Prepared, total: TotalDocument, beside: Attachments) -> None:
    """Write everything that everybody may see; what others signed and put there before stays."""
    require_own(folder, prepared)
    with replace_folder(folder) as place:
        (place / HEADER).write_bytes(prepared.header.encode())
        (place / TABLES).write_bytes((prepared.state.folder / STATE_TABLES).read_bytes())
        (place / TOTAL).write_bytes(total.encode(prepared.header.assets))
        with (place / BATCHES).open("wb") as file:
            file.writelines(line.encode() for line in list_batches(prepared))
        (place / KEYS).mkdir()
        for name, text in beside.keys.items():
            (place / KEYS / f"{name}.json").write_text(text, encoding="utf-8")
        (place / KEYS / ALLOW_LIST).write_text(beside.allow_list, encoding="utf-8")
        (place / RESERVES).mkdir()
        for path in (folder / ROUND, *sorted((folder / RESERVES).glob(f"*{FACT}"))):
            if path.exists():
                (place / path.relative_to(folder)).write_bytes(path.read_bytes())
        if beside.round is not None:
            (place / ROUND).write_bytes(beside.round.encode())
        for signed in beside.reserves:
            write_reserve(place / RESERVES, signed)


def require_own(folder: Path, prepared: Prepared) -> None:
    """The directory is of this run, or empty, or not there yet."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    header = folder / HEADER
    if not header.exists() or header.read_bytes() != prepared.header.encode():
        expected = "a directory that is empty, or of this very run"
        raise MisuseError(Reason.WRONG_FILE, "out", found=str(folder), expected=expected)


def write_reserve(folder: Path, signed: Signed[Reserve]) -> Path:
    """A statement of reserves under its asset and its hash."""
    data = signed.statement.encode()
    path = folder / f"{signed.statement.asset.replace('/', '_')}-{sha256(data).hexdigest()[:NAME_LETTERS]}{FACT}"
    with replace_file(path) as file:
        file.write(signed.encode())
    return path


def render_allow_list(prepared: Prepared, key_ids: dict[str, str]) -> str:
    """The keys of a run as an auditor lists those that are allowed, to be compared with those of the ceremony."""
    total = name_total(prepared.header)
    lines = ['format = "ringfence.keys/1"']
    for name, key_id in key_ids.items():
        proves = "solvency-total" if name == total else "solvency"
        lines += ["", "[[keys]]", f'id = "{key_id}"', f'file = "{name}.json"']
        lines += [f'statement = "{name}"', f'proves = "{proves}"']
    return "\n".join(lines) + "\n"
