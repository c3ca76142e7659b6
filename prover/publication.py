"""What venue, oracle and chains publish, as a folder: enough to build the paths of a proof.

    book.json      the leaves of a venue's book; or a folder book, the stored tree of one too large for a document
    round.json     every market tier, asset tier and instrument of an oracle's round, number by number
    locks.json     the leaves of each chain's locks
    roots.json     the three roots, which is all that a verifier needs

Nothing in it is secret; numbers are decimal digits in quotes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from facts.asset import AssetTier
from facts.book_root import BOOK_LEVELS, build_book
from facts.bounds import CHAIN_ID_BITS, require_chain_id
from facts.instrument import InstrumentFact
from facts.lock_root import MAX_CHAINS, build_lock_tree, lock_index
from facts.market import MarketTier, RequirementTerms
from facts.market_root import Fact, MarketTree
from facts.packing import (
    ASSET_TERMS,
    FUNDING,
    INSTRUMENT_TERMS,
    MARKET_TERMS,
    OUTCOME_BIAS,
    REQUIREMENT_TERMS,
    Packing,
    join_sign,
)
from facts.roots import Roots, parse_element, read_roots
from facts.stored_tree.tree import StoredTree, TreeAt, is_stored_tree
from facts.tree import Path as TreePath
from facts.tree import Tree
from margin.contracts import Contract, ContractKind
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MisuseError, Reason
from margin.policy import Basis, FeeBasis
from snark.r1cs.container import replace_file

BOOK_FORMAT: Final = "ringfence.book/1"
ROUND_FORMAT: Final = "ringfence.round/1"
LOCKS_FORMAT: Final = "ringfence.locks/1"
BOOK, ROUND, LOCKS, ROOTS = "book.json", "round.json", "locks.json", "roots.json"
STORED_BOOK: Final = "book"
MOST_LEAVES: Final = 1 << 13
"""As many as fit a document; a real book is no file."""


@dataclass(slots=True)
class Chain:
    """The locks of a chain in the order of their deposit."""

    chain_id: int
    locks: list[int]


@dataclass
class Publication:
    """Facts of one moment, with the trees over them."""

    leaves: Sequence[int] = ()
    facts: Sequence[Fact] = ()
    chains: Sequence[Chain] = field(default_factory=list)
    stored_book: TreeAt | None = None
    """The book where it is a stored tree, as it was after one round; there are no leaves then."""

    @cached_property
    def book(self) -> Tree | TreeAt:
        """The venue's book."""
        return self.stored_book or build_book(self.leaves)

    @cached_property
    def round(self) -> MarketTree:
        """The oracle's round."""
        return MarketTree(self.facts)

    @cached_property
    def locks(self) -> Tree:
        """The locks of all chains."""
        return build_lock_tree({slot: chain.locks for slot, chain in enumerate(self.chains)})

    @property
    def roots(self) -> Roots:
        """What is public of it in a proof."""
        return Roots(self.book.root, self.round.root, self.locks.root)

    def has_position(self, leaf: int) -> bool:
        """Whether a position stands in the book."""
        return leaf in self.leaves if self.stored_book is None else self.stored_book.find(leaf) is not None

    def position_path(self, leaf: int) -> TreePath:
        """From a position to the root of the book."""
        expected = "a position that stands in the book"
        if self.stored_book is None:
            return self.book.path(find_leaf(self.leaves, leaf, "position", expected))
        if (index := self.stored_book.find(leaf)) is None:
            raise MisuseError(Reason.NOT_IN_TREE, "position", found="one that is not there", expected=expected)
        return self.stored_book.path(index)

    def lock_path(self, chain_id: int, leaf: int) -> TreePath:
        """From a lock to the root of all chains."""
        slot, place = self._find_lock(chain_id, leaf)
        return self.locks.path(lock_index(slot, place))

    def escrow_path(self, chain_id: int, leaf: int) -> TreePath:
        """From a lock to the root that its escrow pays out by, in which the locks of all other chains are empty.

        Who watches one chain vouches for no other, so that an escrow takes nobody's word on more than its own.
        """
        slot, place = self._find_lock(chain_id, leaf)
        return build_lock_tree({slot: self.chains[slot].locks}).path(lock_index(slot, place))

    def _find_lock(self, chain_id: int, leaf: int) -> tuple[int, int]:
        for slot, chain in enumerate(self.chains):
            if chain.chain_id == chain_id:
                return slot, find_leaf(chain.locks, leaf, "lock", "a lock on its chain")
        raise MisuseError(
            Reason.NOT_IN_TREE, "lock", found="a lock of an unknown chain", expected="a lock on its chain"
        )


def find_leaf(leaves: Sequence[int], leaf: int, field: str, expected: str) -> int:
    """Where a leaf stands."""
    try:
        return leaves.index(leaf)
    except ValueError:
        raise MisuseError(Reason.NOT_IN_TREE, field, found="one that is not there", expected=expected) from None


# --- Writing -----------------------------------------------------------------------------------------


def write_publication(folder: Path, publication: Publication) -> None:
    """Write all files, each whole or not at all: locks before the positions that have them, the roots last."""
    roots = publication.roots.render()  # what makes no trees is not written
    folder.mkdir(parents=True, exist_ok=True)
    chains = [{"chain_id": str(each.chain_id), "locks": list(map(str, each.locks))} for each in publication.chains]
    write_json(folder / LOCKS, {"format": LOCKS_FORMAT, "chains": chains})
    write_json(folder / ROUND, {"format": ROUND_FORMAT, "facts": list(map(render_fact, publication.facts))})
    if publication.stored_book is None:
        write_json(folder / BOOK, {"format": BOOK_FORMAT, "leaves": list(map(str, publication.leaves))})
    write_text(folder / ROOTS, roots)


def write_json(path: Path, document: object) -> None:
    """One document."""
    write_text(path, json.dumps(document, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """A file that is there whole or not at all."""
    with replace_file(path) as file:
        file.write(text.encode())


def render_fact(fact: Fact) -> dict[str, object]:
    """A fact by the parts of its leaf."""
    match fact:
        case MarketTier():
            return {
                "kind": "market",
                "terms": render_parts(MARKET_TERMS, fact.encode_terms()),
                "funding": render_parts(FUNDING, fact.encode_funding()),
                "floor": str(fact.floor),
                "ceiling": str(fact.ceiling),
                "initial": render_parts(REQUIREMENT_TERMS, fact.initial.encode()),
                "maintenance": render_parts(REQUIREMENT_TERMS, fact.maintenance.encode()),
                "policy_hash": str(fact.policy_hash),
            }
        case AssetTier():
            return {
                "kind": "asset",
                "asset": str(fact.asset),
                "terms": render_parts(ASSET_TERMS, fact.encode_terms()),
                "floor": str(fact.floor),
                "ceiling": str(fact.ceiling),
            }
        case InstrumentFact():
            return {
                "kind": "instrument",
                "terms": render_parts(INSTRUMENT_TERMS, fact.encode_terms()),
                "outcomes": list(map(str, fact.biased_outcomes)),
            }


def render_parts(packing: Packing, element: int) -> dict[str, str]:
    """The numbers that an element holds."""
    return {name: str(value) for name, value in packing.decode(element).items()}


# --- Reading -----------------------------------------------------------------------------------------


def read_publication(folder: Path) -> Publication:
    """The publication in a folder, checked to the last field."""
    stored, leaves = read_stored_book(folder), list[int]()
    if stored is None:
        with open_fields(folder / BOOK, BOOK_FORMAT) as book:
            leaves = read_elements(book, "leaves")
    with open_fields(folder / ROUND, ROUND_FORMAT) as published:
        facts = tuple(map(read_fact, published.items("facts")))
    with open_fields(folder / LOCKS, LOCKS_FORMAT) as locks:
        chains = [read_chain(each) for each in locks.items("chains", MAX_CHAINS)]
    return Publication(leaves, facts, chains, stored)


def read_stored_book(folder: Path) -> TreeAt | None:
    """The book where it is a stored tree: as it was when it had the root that was published, if one was."""
    if not is_stored_tree(folder / STORED_BOOK):
        return None
    if (folder / BOOK).exists():
        raise MisuseError(Reason.CONFLICTING_FIELDS, BOOK, found="two books", expected=f"{BOOK} or {STORED_BOOK}")
    book = StoredTree(folder / STORED_BOOK)
    if book.levels != BOOK_LEVELS:
        found, expected = f"{book.levels} levels", f"{BOOK_LEVELS} levels"
        raise MisuseError(Reason.WRONG_COUNT, STORED_BOOK, found=found, expected=expected)
    if not (folder / ROOTS).exists():
        return book.newest
    return book.with_root(read_roots(read_document(folder / ROOTS)).book)


def open_fields(path: Path, expected: str) -> Fields:
    """The fields of a document of a format."""
    fields = Fields(read_document(path), path.name)
    found = fields.text("format")
    if found != expected:
        raise MalformedError(Reason.NOT_A_CHOICE, f"{path.name}.format", found=found, expected=expected)
    return fields


def read_elements(fields: Fields, name: str) -> list[int]:
    """A list of elements."""
    value = fields.take_required(name, "a list of elements")
    if not isinstance(value, list) or len(value) > MOST_LEAVES:
        raise MalformedError(Reason.NOT_A_LIST, name, found="no such list", expected=f"at most {MOST_LEAVES} elements")
    return [parse_element(each, f"{name}[{index}]") for index, each in enumerate(value)]


def read_chain(fields: Fields) -> Chain:
    """The locks of a chain."""
    with fields:
        return Chain(require_chain_id(read_number(fields, "chain_id", CHAIN_ID_BITS)), read_elements(fields, "locks"))


def read_number(fields: Fields, name: str, bits: int) -> int:
    """A number of so many bits."""
    number = parse_element(fields.take(name), name)
    if number >> bits:
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found="a larger number", expected=f"at most {bits} bits")
    return number


def read_fact(fields: Fields) -> Fact:
    """A fact of either kind."""
    with fields:
        kind = fields.text("kind")
        if kind == "market":
            return read_market_tier(fields)
        if kind == "asset":
            return read_asset_tier(fields)
        if kind == "instrument":
            return read_instrument(fields)
        raise MalformedError(Reason.NOT_A_CHOICE, "kind", found=kind, expected="market, asset or instrument")


def read_market_tier(fields: Fields) -> MarketTier:
    """A tier of a market."""
    terms, funding = read_parts(fields, "terms", MARKET_TERMS), read_parts(fields, "funding", FUNDING)
    contract = Contract(ContractKind.INVERSE if terms["kind"] else ContractKind.LINEAR, terms["multiplier"])
    return MarketTier(
        terms["market_id"],
        terms["currency_id"],
        contract,
        terms["low_price"],
        terms["high_price"],
        join_sign(funding["magnitude"], funding["sign"], "funding"),
        parse_element(fields.take("floor"), "floor"),
        parse_element(fields.take("ceiling"), "ceiling"),
        read_requirement(fields, "initial"),
        read_requirement(fields, "maintenance"),
        parse_element(fields.take("policy_hash"), "policy_hash"),
    )


def read_requirement(fields: Fields, name: str) -> RequirementTerms:
    """One requirement of a tier."""
    parts = read_parts(fields, name, REQUIREMENT_TERMS)
    fee_bases = {(0, 0): FeeBasis.MARK, (1, 0): FeeBasis.ENTRY, (0, 1): FeeBasis.BANKRUPTCY}
    fee = parts["fee_on_entry"], parts["fee_on_bankruptcy"]
    if fee not in fee_bases:
        raise MalformedError(Reason.NOT_A_CHOICE, name, found="two bases of the fee", expected="one")
    basis = Basis.ENTRY if parts["on_entry"] else Basis.MARK
    return RequirementTerms(parts["rate_ppm"], parts["deduction"], parts["fee_ppm"], basis, fee_bases[fee])


def read_asset_tier(fields: Fields) -> AssetTier:
    """A tier of an asset."""
    asset, terms = parse_element(fields.take("asset"), "asset"), read_parts(fields, "terms", ASSET_TERMS)
    floor, ceiling = (parse_element(fields.take(name), name) for name in ("floor", "ceiling"))
    return AssetTier(
        asset, terms["currency_id"], terms["rate"], terms["haircut_ppm"], terms["add_back"], floor, ceiling
    )


def read_instrument(fields: Fields) -> InstrumentFact:
    """The risk array of an instrument, each outcome with its bias."""
    terms = read_parts(fields, "terms", INSTRUMENT_TERMS)
    outcomes = tuple(each - OUTCOME_BIAS for each in read_elements(fields, "outcomes"))
    return InstrumentFact(terms["instrument_id"], terms["currency_id"], outcomes, terms["short_minimum"])


def read_parts(fields: Fields, name: str, packing: Packing) -> Mapping[str, int]:
    """The numbers of an element, each within its width."""
    with fields.inner(name) as parts:
        return {part: read_number(parts, part, bits) for part, bits in packing.parts}
