"""How a day's statements are carried out: on integers, rule by rule, or as proofs that are verified at once."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from prover.artifacts import Cache
from prover.proving import Prover
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof

Public = tuple[int, ...]


class Desk(Protocol):
    """Where statements go."""

    done: Counter[str]
    """How many of each name."""

    def carry_out(self, statement: Statement, inputs: Inputs) -> Public:
        """The public inputs of a statement that holds; it raises where a rule is broken."""
        ...


@dataclass
class IntegerDesk:
    """Every rule of the text on plain integers; nothing is proved."""

    done: Counter[str] = field(default_factory=Counter)

    def carry_out(self, statement: Statement, inputs: Inputs) -> Public:
        """The text, from its first line to its last."""
        engine = IntegerEngine(inputs)
        statement.define(Builder(engine))
        self.done[statement.name] += 1
        return tuple(engine.public)


@dataclass
class ProvingDesk:
    """A proof of every statement with a key for development, verified before anything else happens."""

    cache: Cache
    done: Counter[str] = field(default_factory=Counter)
    keys: dict[Statement, tuple[Prover, VerifyingKey]] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path) -> "ProvingDesk":
        """With circuits and keys kept in a folder."""
        return cls(Cache(folder))

    def carry_out(self, statement: Statement, inputs: Inputs) -> Public:
        """Prove, then verify what was proved."""
        prover, key = self.open(statement)
        proof, public = prover.prove(inputs)
        verify_proof(key, public, proof)
        self.done[statement.name] += 1
        return public

    def open(self, statement: Statement) -> tuple[Prover, VerifyingKey]:
        """Circuit and keys of a statement, made at the first use."""
        if statement not in self.keys:
            artifact = self.cache.artifact(statement)
            zkey = self.cache.development_key(artifact)
            prover = Prover.open(artifact, zkey, allow_development_keys=True)
            self.keys[statement] = prover, extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
        return self.keys[statement]
