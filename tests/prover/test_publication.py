"""What is published is read back as it was, and nothing that is malformed is read."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from facts.book_root import BOOK_LEVELS
from facts.commitments import commit_lock, commit_position
from facts.demand import read_demand
from facts.lock_root import chain_root, combine_chain_roots
from facts.roots import read_roots
from facts.stored_tree.keeper import TreeKeeper
from facts.tree import verify_path
from margin.documents.reading import parse_toml, read_document
from margin.errors import MarginError
from prover.development import DEMAND_TEXT, OTHERS, commit_for_development, open_development, publish_for_development
from prover.publication import (
    BOOK,
    LOCKS,
    ROOTS,
    ROUND,
    STORED_BOOK,
    Chain,
    Publication,
    read_publication,
    write_publication,
)
from prover.request import read_request_file
from prover.wallet import KeptPosition, Secrets

EXAMPLES = Path(__file__).parents[2] / "examples"
OWNER = Secrets()


@pytest.fixture(scope="module")
def committed() -> tuple[KeptPosition, Publication]:
    """A position with two locks, committed among others after another one."""
    demand = read_demand(parse_toml(DEMAND_TEXT.encode()))
    _, before = commit_for_development(read_request_file(EXAMPLES / "short-inverse.json"), OWNER, Publication(), demand)
    return commit_for_development(read_request_file(EXAMPLES / "basket.json"), OWNER, before, demand)


def test_what_is_written_is_read_back(tmp_path: Path, committed: tuple[KeptPosition, Publication]) -> None:
    _, published = committed
    write_publication(tmp_path, published)
    read = read_publication(tmp_path)
    assert list(read.facts) == list(published.facts)
    assert read.roots == published.roots == read_roots(read_document(tmp_path / ROOTS))


def test_paths_lead_to_the_roots(committed: tuple[KeptPosition, Publication]) -> None:
    kept, published = committed
    leaf = commit_position(kept.committed)
    verify_path(published.position_path(leaf), leaf, published.roots.book)
    for each in kept.locks:
        lock = commit_lock(each.lock)
        verify_path(published.lock_path(each.lock.chain_id, lock), lock, published.roots.lock)
        with pytest.raises(MarginError):
            published.lock_path(each.lock.chain_id + 1, lock)
    with pytest.raises(MarginError):
        published.position_path(leaf + 1)


def test_an_escrow_pays_out_by_the_locks_of_its_own_chain(committed: tuple[KeptPosition, Publication]) -> None:
    kept, published = committed
    elsewhere = Publication(chains=[*published.chains, Chain(2**40, [1, 2, 3])])
    slots = {chain.chain_id: slot for slot, chain in enumerate(published.chains)}
    for each in kept.locks:
        lock, chain_id = commit_lock(each.lock), each.lock.chain_id
        path = elsewhere.escrow_path(chain_id, lock)
        verify_path(path, lock, combine_chain_roots({slots[chain_id]: chain_root(published.locks, slots[chain_id])}))
        assert path.root == published.escrow_path(chain_id, lock).root != elsewhere.roots.lock
        with pytest.raises(MarginError):
            elsewhere.escrow_path(chain_id + 1, lock)


def test_a_newer_round_replaces_what_it_says_anew(committed: tuple[KeptPosition, Publication]) -> None:
    _, published = committed
    demand = read_demand(parse_toml(DEMAND_TEXT.encode()))
    _, again = commit_for_development(read_request_file(EXAMPLES / "basket.json"), OWNER, published, demand)
    assert sorted(map(repr, again.facts)) == sorted(map(repr, published.facts))
    assert len(again.leaves) == len(published.leaves) + 1


def test_a_folder_for_development_has_others_in_it(tmp_path: Path) -> None:
    made = open_development(tmp_path / "facts")
    assert len(set(made.leaves)) == OTHERS
    assert open_development(tmp_path / "facts").roots == made.roots


def test_a_book_may_be_a_stored_tree_that_moves_on(tmp_path: Path, committed: tuple[KeptPosition, Publication]) -> None:
    kept, published = committed
    leaf = commit_position(kept.committed)
    write_publication(tmp_path, published)
    (tmp_path / BOOK).unlink()
    with TreeKeeper.create(tmp_path / STORED_BOOK, BOOK_LEVELS) as keeper:
        keeper.update(dict(enumerate(published.leaves)))
        keeper.update({1 << 23: 5, published.leaves.index(leaf): 6})
        read = read_publication(tmp_path)
        assert read.roots == published.roots
        assert read.position_path(leaf) == published.position_path(leaf)
        assert read.has_position(leaf) is published.has_position(leaf) is True
        assert read.has_position(5) is published.has_position(5) is False
        (tmp_path / ROOTS).unlink()
        newest = read_publication(tmp_path)
        assert newest.book.root == keeper.root
        assert newest.has_position(5)
        assert not newest.has_position(leaf)
        for again in (newest, read):
            with pytest.raises(MarginError):
                again.position_path(leaf if again is newest else 5)
        write_publication(tmp_path, newest)
        assert read_roots(read_document(tmp_path / ROOTS)).book == keeper.root
    with pytest.raises(MarginError):
        publish_for_development(read_request_file(EXAMPLES / "basket.json"), kept, newest)
    (tmp_path / BOOK).write_text("{}")
    with pytest.raises(MarginError):
        read_publication(tmp_path)


def test_a_stored_book_has_the_depth_of_books_and_the_root_that_was_published(
    tmp_path: Path, committed: tuple[KeptPosition, Publication]
) -> None:
    for levels in (BOOK_LEVELS, BOOK_LEVELS - 1):
        folder = tmp_path / str(levels)
        write_publication(folder, committed[1])
        (folder / BOOK).unlink()
        TreeKeeper.create(folder / STORED_BOOK, levels).close()
        with pytest.raises(MarginError) as refusal:
            read_publication(folder)
        assert refusal.value.field == ("root" if levels == BOOK_LEVELS else STORED_BOOK)


ALTERED: list[tuple[str, list[str | int], object]] = [
    (BOOK, ["format"], "ringfence.book/2"),
    (BOOK, ["leaves"], {}),
    (BOOK, ["leaves", 0], 7),
    (BOOK, ["leaves", 0], "07"),
    (BOOK, ["leaves", 0], "9" * 77),
    (BOOK, ["more"], 1),
    (ROUND, ["facts", 0, "kind"], "price"),
    (ROUND, ["facts", 0, "floor"], "-1"),
    (ROUND, ["facts", 0, "terms", "market_id"], str(2**20)),
    (ROUND, ["facts", 0, "terms", "more"], "1"),
    (ROUND, ["facts", 0, "maintenance", "rate_ppm"], None),
    (ROUND, ["facts", 0, "initial", "fee_on_entry"], "2"),
    (ROUND, ["facts", -1, "asset"], None),
    (LOCKS, ["chains", 0, "chain_id"], "0"),
    (LOCKS, ["chains", 0, "chain_id"], str(2**64)),
    (LOCKS, ["chains", 0, "locks"], ["x"]),
]


@pytest.mark.parametrize(("file", "path", "value"), ALTERED)
def test_a_malformed_publication_is_refused(
    tmp_path: Path, committed: tuple[KeptPosition, Publication], file: str, path: list[str | int], value: object
) -> None:
    write_publication(tmp_path, committed[1])
    content: Any = deepcopy(read_document(tmp_path / file))
    *parents, last = path
    place = content
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(MarginError):
        _ = read_publication(tmp_path).roots
