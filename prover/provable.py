"""Statements that a prover can prove: circuit, key and multiples, read once into sealed memory for all workers.

The verifying key of a proving key is taken from the very bytes that proofs are made with.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from circuits.artifact import PROGRAM
from circuits.catalogue import find_statement
from circuits.statement import Statement
from circuits.statements.exit import Exit
from circuits.statements.release import Release
from prover.artifacts import Cache
from prover.proving import require_key_of
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.shared_key import SharedKey, path_of, seal_file
from snark.r1cs.program.definition import Input


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A proving key of a ceremony, and the hash that it was published with."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Provable:
    """A statement with its key, ready for workers."""

    name: str
    statement: Statement
    constraint_count: int
    inputs: Sequence[Input] = field(repr=False)
    """As its witness program takes them."""
    verifying: VerifyingKey = field(repr=False)
    """What its proofs are verified with."""
    is_for_development: bool
    multiples_bytes: int
    program: int = field(repr=False)
    """The descriptor of its witness program, in sealed memory."""
    key: SharedKey = field(repr=False)

    @classmethod
    def open(cls, name: str, given: KeyFile | None, cache: Cache, *, multiples_bytes: int) -> Self:
        """A statement of the catalogue with the key that is given; without one, with a key for development.

        The key is checked here once, and its multiples are made where they are not there yet.
        """
        statement = find_statement(name)
        artifact = cache.artifact(statement)
        shared = SharedKey.seal(
            given.path if given else cache.development_key(artifact),
            tables="auto" if multiples_bytes else None,
            memory_limit=multiples_bytes,
            sha256=given.sha256 if given else None,
            allow_development_keys=given is None,
        )
        key = shared.open(allow_development_keys=given is None)
        require_key_of(artifact, key.sizes)
        verifying = extract_verifying_key(read_zkey(path_of(shared.key)), allow_development_keys=given is None)
        return cls(
            name=name,
            statement=statement,
            constraint_count=artifact.interface.counts.constraints,
            inputs=artifact.load_program().inputs,
            verifying=verifying,
            is_for_development=key.is_for_development,
            multiples_bytes=multiples_bytes,
            program=seal_file(artifact.folder / PROGRAM, artifact.interface.files[PROGRAM]),
            key=shared,
        )

    @property
    def key_id(self) -> str:
        """Which key its proofs are for."""
        return self.verifying.id

    @property
    def lock_count(self) -> int:
        """How many locks it counts."""
        return self.statement.shape.get("locks", int(self.statement.name in {Release.name, Exit.name}))

    @property
    def descriptors(self) -> list[int]:
        """What a worker needs, in the order in which it takes them."""
        return [self.program, *self.key.descriptors]

    def close(self) -> None:
        """Give the memory back as soon as no worker has it."""
        os.close(self.program)
        self.key.close()
