"""Chains as settings name them: their nodes, when a block is final, and what a transaction may cost.

    [[chains]]
    chain_id = 1
    endpoints = ["https://node.example/key"]
    confirmations = 3            # blocks below the newest one; 0, or left out: as the nodes say
    plaintext = false            # http to another machine: only where nobody else is on the way
    most_gas = 3000000
    most_fee_gwei = 200          # of gas; nothing is ever offered above it
    most_tip_gwei = 2
    replace_after_seconds = 30   # then it is offered for more
    longest_seconds = 120        # then something else is done first, and it is begun again

The address of a node often has a key in it: settings are their owner's alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chains.endpoints import read_endpoints
from chains.rpc import Chain, open_chain
from chains.transactions import GWEI, Bounds
from facts.bounds import CHAIN_ID_BITS
from facts.demand import read_address
from facts.secp256k1 import ADDRESS_BYTES
from margin.documents.reading import Fields
from margin.errors import MalformedError, MisuseError, Reason

MOST_CHAINS: Final = 16
MOST_CONFIRMATIONS: Final = 100_000
MOST_GAS: Final = 1 << 32
MOST_FEE_GWEI: Final = 1_000_000
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class ChainAccess:
    """A chain, and how it is read and written to."""

    chain_id: int
    endpoints: tuple[str, ...]
    is_plaintext_allowed: bool
    confirmations: int | None
    bounds: Bounds

    def open(self) -> Chain:
        """The chain; nobody is asked yet."""
        return open_chain(self.endpoints, self.chain_id, is_plaintext_allowed=self.is_plaintext_allowed)


@dataclass(frozen=True, slots=True)
class ContractPlace:
    """A contract on a chain."""

    chain_id: int
    address: bytes


def read_chains(listed: Iterable[Fields]) -> dict[int, ChainAccess]:
    """Chains by their numbers."""
    chains: dict[int, ChainAccess] = {}
    for fields in listed:
        with fields:
            chain = read_chain(fields)
            if chain.chain_id in chains:
                expected = "each chain once"
                raise MalformedError(Reason.DUPLICATE_FIELD, "chain_id", found=chain.chain_id, expected=expected)
            chains[chain.chain_id] = chain
    if not chains:
        raise MalformedError(Reason.WRONG_COUNT, "chains", found="none", expected="at least one chain")
    return chains


def read_chain(fields: Fields) -> ChainAccess:
    """One of them."""
    usual = Bounds()
    return ChainAccess(
        chain_id=fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1),
        endpoints=read_endpoints(fields),
        is_plaintext_allowed=fields.boolean("plaintext") if fields.has("plaintext") else False,
        confirmations=fields.integer("confirmations", 0, MOST_CONFIRMATIONS, 0) or None,
        bounds=Bounds(
            gas=fields.integer("most_gas", 21_000, MOST_GAS, usual.gas),
            fee_per_gas=GWEI * fields.integer("most_fee_gwei", 1, MOST_FEE_GWEI, usual.fee_per_gas // GWEI),
            tip_per_gas=GWEI * fields.integer("most_tip_gwei", 0, MOST_FEE_GWEI, usual.tip_per_gas // GWEI),
            replace_after_seconds=fields.integer("replace_after_seconds", 1, DAY_SECONDS, 30),
            longest_seconds=fields.integer("longest_seconds", 1, DAY_SECONDS, 120),
        ),
    )


def read_place(fields: Fields, chains: Iterable[int] | None) -> ContractPlace:
    """A contract on one of the chains that are named; on any where none has to be."""
    chain_id, address = fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1), read_address(fields, "contract")
    if chains is not None and chain_id not in set(chains):
        raise MisuseError(Reason.MISSING_FIELD, "chain_id", found=chain_id, expected="a chain of [[chains]]")
    if len(address) != ADDRESS_BYTES:
        found, expected = f"{len(address)} bytes", f"an address of {ADDRESS_BYTES} bytes"
        raise MalformedError(Reason.WRONG_COUNT, "contract", found=found, expected=expected)
    return ContractPlace(chain_id, address)
