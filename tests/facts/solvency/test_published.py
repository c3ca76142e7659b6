"""What a run publishes beside header and tables: read as it was written, and refused where it says something else."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.solvency.batch_tree import BatchTree
from facts.solvency.header import ListedAsset
from facts.solvency.published import BatchLine, TotalDocument, decode_batch, read_total
from facts.solvency.totals import TotalMode, Totals
from facts.tree import ARITY, Path, Tree, verify_path
from margin.documents.reading import parse_json
from margin.errors import MarginError

ASSETS = (ListedAsset("USDT", 6), ListedAsset("BTC", 8))
LINE = BatchLine(root=1, before=2, after=3, proof=bytes(range(256)))
SHOWN = TotalDocument(4, 5, bytes(256), totals=Totals((7, 8), (9, 10), (11, 12)))
HIDDEN = TotalDocument(4, 5, bytes(256), reserves=(13, 14))


@settings(max_examples=10)
@given(leaves=st.lists(st.integers(1, 2**200), min_size=1, max_size=90), data=st.data())
def test_the_tree_over_batches_is_the_upper_part_of_the_whole(leaves: list[int], data: st.DataObject) -> None:
    whole = Tree(4, leaves)
    batches = -(-len(leaves) // ARITY)
    under = [Tree(1, leaves[place * ARITY : (place + 1) * ARITY]) for place in range(batches)]
    tree = BatchTree([each.root for each in under], 1, 4)
    assert tree.root == whole.root
    index = data.draw(st.integers(0, len(leaves) - 1))
    batch, inside = divmod(index, ARITY)
    path = Path(index, under[batch].path(inside).levels + tree.levels_above(batch))
    verify_path(path, leaves[index], whole.root)


def test_one_batch_is_the_whole_tree() -> None:
    under = Tree(1, [5, 6])
    tree = BatchTree([under.root], 1, 1)
    assert (tree.root, tree.levels_above(0)) == (under.root, ())


def test_a_line_is_read_as_it_was_written() -> None:
    assert decode_batch(LINE.encode()) == LINE
    assert LINE.encode().count(b"\n") == 1


@pytest.mark.parametrize("total", [SHOWN, HIDDEN])
def test_a_total_is_read_as_it_was_written(total: TotalDocument) -> None:
    assert read_total(parse_json(total.encode(ASSETS)), ASSETS) == total


def test_a_total_says_its_mode() -> None:
    assert (SHOWN.mode, HIDDEN.mode) == (TotalMode.SHOWN, TotalMode.HIDDEN)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "ringfence.solvency-total/2"},
        {"proof": "AAAA"},
        {"proof": "?"},
        {"sums": "05"},
        {"root": str(2**254)},
        {"totals": []},
        {"totals": [{"asset": "BTC", "owed6": "1", "debts": "1", "gaps6": "1"}] * 2},
        {"totals": None},
        {"reserves": []},
        {"more": "1"},
    ],
)
def test_another_total_is_refused(change: dict[str, object]) -> None:
    document = {**json.loads(SHOWN.encode(ASSETS)), **change}
    with pytest.raises(MarginError):
        read_total(parse_json(json.dumps(document)), ASSETS)


@pytest.mark.parametrize("line", [b"", b"{}", LINE.encode().replace(b'"1"', b'"01"'), LINE.encode()[:-40]])
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(MarginError):
        decode_batch(line)


def test_elements_are_elements() -> None:
    with pytest.raises(MarginError):
        replace(LINE, after=2**254)
    with pytest.raises(MarginError):
        replace(LINE, proof=bytes(255))
