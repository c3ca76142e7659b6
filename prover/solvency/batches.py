"""The second part of a run: every batch is proved, on all cores, in any order, on any machine that has the state.

One key is in memory for all threads; a proof is made in one native call without the interpreter lock, by one thread,
because so many proofs at once waste less than one proof on many threads. Each proof is a file that is there whole or
not at all, so that a run that was stopped goes on with those that are missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Final

from circuits.statements.solvency import BatchWitness, inputs_for
from margin.errors import MalformedError, Reason
from prover.proving import Prover
from prover.solvency.prepared import Prepared
from prover.solvency.state import State
from snark.groth16.formats.calldata import PROOF_BYTES, decode_proof, encode_proof
from snark.groth16.proof import Proof
from snark.r1cs.container import replace_file

AHEAD: Final = 2
"""Batches for each thread that are begun or about to be."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Which batches are proved here: every ``of``-th one."""

    index: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """``2/8``: the second of eight."""
        index, slash, of = text.partition("/")
        if not (slash and index.isdecimal() and of.isdecimal() and 1 <= int(index) <= int(of)):
            raise MalformedError(Reason.NOT_READABLE, "shard", found=text, expected="a shard of several, like 2/8")
        return cls(int(index) - 1, int(of))

    def batches(self, count: int) -> range:
        """Those of so many."""
        return range(self.index, count, self.of)


@dataclass(frozen=True, slots=True)
class Batches:
    """The proofs of all batches of a run."""

    prepared: Prepared
    provers: Mapping[str, Prover]
    """By the name of a class's statement."""

    def list_missing(self, shard: Shard) -> list[int]:
        """Batches of a shard that have no proof yet."""
        batches = shard.batches(self.prepared.header.batches)
        return [batch for batch in batches if not has_proof(self.prepared.state, batch)]

    def prove_missing(self, shard: Shard, threads: int, report: Callable[[int, int], None]) -> int:
        """Prove those; how many there were."""
        missing, of = self.list_missing(shard), len(shard.batches(self.prepared.header.batches))
        done = of - len(missing)
        report(done, of)
        _ = self.prepared.challenge  # drawn once, before threads ask for it
        for _ in run_ahead(self._prove, missing, threads):
            done += 1
            report(done, of)
        return len(missing)

    def _prove(self, batch: int) -> None:
        """Prove one batch, and keep its proof."""
        prepared = self.prepared
        witness = BatchWitness(
            challenge=prepared.challenge,
            accounts_root=prepared.roots[batch],
            account=prepared.shape_of(batch),
            weights=prepared.tables.weights,
            before=prepared.before(batch),
            after=prepared.after(batch),
            parts=prepared.read_parts(batch),
        )
        statement = prepared.header.class_of(batch)[1].shape.name
        proof, _ = self.provers[statement].prove(inputs_for(witness))
        path = prepared.state.proof_path(batch)
        path.parent.mkdir(exist_ok=True)
        with replace_file(path) as file:
            file.write(encode_proof(proof))


def has_proof(state: State, batch: int) -> bool:
    """Whether the proof of a batch is there."""
    path = state.proof_path(batch)
    return path.exists() and path.stat().st_size == PROOF_BYTES


def read_proof(state: State, batch: int) -> Proof:
    """The proof of a batch."""
    return decode_proof(state.proof_path(batch).read_bytes())


def run_ahead(work: Callable[[int], None], items: Sequence[int], threads: int) -> Iterator[int]:
    """Do work on so many threads, a few items ahead and no more; the first failure ends it."""
    with ThreadPoolExecutor(threads, thread_name_prefix="batch") as pool:
        source, running = iter(items), set[Future[None]]()
        try:
            while True:
                running |= {pool.submit(work, item) for item in islice(source, AHEAD * threads - len(running))}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    each.result()
                    yield 1
        finally:
            for each in running:
                each.cancel()
