"""Releases that escrows are to pay, in a folder that somebody else may write to, too.

    NAME/demand.toml, or NAME/demand.json
    NAME/public.json
    NAME/proof.json

Whatever else a folder holds is not opened, the key of a proof neither: an escrow verifies under its own. Nothing that
lies there is followed or waited for. What is no release is told once, and read again when it has changed. A look
takes about a second at most and goes on behind where the last one stopped, so that very many folders of nobody make a
release wait and keep none from being paid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from stat import S_ISDIR
from time import monotonic
from typing import Final, TypeVar

from chains.paying import Order
from chains.shared_file import FileStamp, list_shared_folder, name_kind, read_shared_file, stamp_file
from facts.demand import Demand, ReleaseDemand, read_demand
from facts.public_inputs import PublicInputs
from margin.documents.reading import parse_document
from margin.errors import MalformedError, MarginError, MisuseError, Reason
from prover.claim_files import PROOF, PUBLIC
from ringfence.cli.terminal import err, make_printable
from snark.errors import SnarkError
from snark.groth16.formats.proof_json import MAX_BYTES as LARGEST_PROOF
from snark.groth16.formats.proof_json import parse_proof
from snark.groth16.formats.public_json import parse_public

DEMANDS: Final = ("demand.toml", "demand.json")
LARGEST_DEMAND: Final = 1 << 12
"""Of a release; what takes longest to read of a document grows with the square of its length."""
LARGEST_PUBLIC: Final = 1 << 14
MOST_ORDERS: Final = 4096
"""So many releases are known at once; each gives way to those that were read after it."""
LOOK_SECONDS: Final = 1.0

Stamp = tuple[FileStamp, ...]
ReadT = TypeVar("ReadT")


@dataclass(slots=True)
class OrderFolder:
    """Releases that are to be paid: a folder for each, as ``ringfence prove`` leaves it, with its demand in it."""

    folder: Path
    _seen: dict[str, Stamp] = field(default_factory=dict)
    """What each name was when it was read."""
    _orders: dict[str, Order] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    """Of what is no release, why."""
    _last: str = ""
    """Behind this name the next look goes on."""

    def list_orders(self) -> Sequence[Order]:
        """Those that are known by now."""
        return tuple(self._orders.values())

    def look(self) -> None:
        """See what has come, changed and gone, for about a second."""
        self._look(LOOK_SECONDS)

    def look_at_all(self) -> None:
        """The same, for as long as it takes."""
        self._look(inf)

    def _look(self, seconds: float) -> None:
        names = sorted(list_shared_folder(self.folder))
        self._forget(self._seen.keys() - set(names))
        behind = [each for each in names if each > self._last]
        until, room = monotonic() + seconds, MOST_ORDERS
        for name in behind + names[: len(names) - len(behind)]:
            if monotonic() >= until or not room:
                return
            self._last = name
            room -= self._take(name)

    def _take(self, name: str) -> bool:
        """Read one, unless it is as it was; whether that was a release."""
        path = self.folder / name
        if self._seen.get(name) == (stamp := stamp_of(path)):
            return False
        self._orders.pop(name, None)
        try:
            order = read_order(path)
        except (MarginError, SnarkError) as error:
            self._complain(name, str(error))
        else:
            self._told.pop(name, None)
            self._keep(name, order)
        self._seen[name] = stamp
        return name in self._orders

    def _keep(self, name: str, order: Order) -> None:
        """Know it; the one that was known for longest gives way where there are too many."""
        while len(self._orders) >= MOST_ORDERS:
            self._forget({next(iter(self._orders))})
        self._orders[name] = order

    def _forget(self, names: set[str]) -> None:
        for name in names:
            for known in (self._seen, self._orders, self._told):
                known.pop(name, None)

    def _complain(self, name: str, why: str) -> None:
        """Told once, as long as the reason is the same."""
        if self._told.get(name) != why:
            self._told[name] = why
            err.print(make_printable(f"warning: {name}: {why}"), highlight=False, markup=False)


def stamp_of(path: Path) -> Stamp:
    """What changes when a release does; nothing is opened for it."""
    stamp = stamp_file(path)
    files = (*DEMANDS, PUBLIC, PROOF) if stamp and S_ISDIR(stamp[0]) else ()
    return stamp, *(stamp_file(path / name) for name in files)


def read_order(folder: Path) -> Order:
    """One release, as it lies in its folder."""
    require_release_folder(folder)
    demand = read_release_demand(folder)
    said, binding = demand.policy, demand.binding
    inputs = PublicInputs.of(read_part(folder / PUBLIC, LARGEST_PUBLIC, parse_public))
    if not isinstance(said, ReleaseDemand) or len(inputs.nullifiers) != 1:
        expected = "a release of one lock"
        raise MisuseError(Reason.NOT_APPLICABLE, "demand", found="another statement", expected=expected)
    return Order(
        name=folder.name,
        chain_id=binding.chain_id,
        door=binding.contract,
        domain=demand.domain,
        verifier=binding.verifier,
        asset=said.asset,
        amount=said.amount,
        lock_root=inputs.lock_root,
        nullifier=inputs.nullifiers[0],
        recipient=binding.recipient,
        expiry=binding.expiry,
        proof=read_part(folder / PROOF, LARGEST_PROOF, parse_proof),
    )


def require_release_folder(folder: Path) -> None:
    """A folder and no link to one, by a name that can stand on a line."""
    if not folder.name.isprintable():
        found, expected = make_printable(folder.name), "a name that can be printed"
        raise MalformedError(Reason.NOT_READABLE, "name", found=found, expected=expected)
    stamp = stamp_file(folder)
    if not stamp or not S_ISDIR(stamp[0]):
        found, expected = name_kind(stamp[0]) if stamp else "nothing", "a folder with a release"
        raise MalformedError(Reason.NOT_READABLE, "folder", found=found, expected=expected)


def read_release_demand(folder: Path) -> Demand:
    """What the release was proved for."""
    path = next((folder / name for name in DEMANDS if stamp_file(folder / name)), folder / DEMANDS[-1])
    return read_demand(parse_document(read_shared_file(path, LARGEST_DEMAND), path.name))


def read_part(path: Path, most_bytes: int, parse: Callable[[bytes], ReadT]) -> ReadT:
    """What a file holds; a refusal names the file."""
    try:
        return parse(read_shared_file(path, most_bytes))
    except SnarkError as refusal:
        raise refusal.in_file(path.name) from None
