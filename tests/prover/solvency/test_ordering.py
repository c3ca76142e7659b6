"""Sorting with little memory, and the rules that hide how many accounts there are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.errors import MarginError
from prover.solvency.ordering import Sorter
from prover.solvency.padding import Padding, round_up

KEY_BYTES = 9


@given(records=st.lists(st.tuples(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), st.binary(max_size=40))))
def test_any_records_come_out_in_order(
    records: list[tuple[bytes, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    sorter = Sorter(folder, "parts", KEY_BYTES, memory_bytes=600)
    for key, payload in records:
        sorter.add(key, payload)
    assert list(sorter.sorted()) == sorted(records)
    assert not list(folder.iterdir())


def test_no_more_than_the_budget_is_held(tmp_path: Path) -> None:
    sorter = Sorter(tmp_path, "parts", 4, memory_bytes=10_000)
    for number in range(500, 0, -1):
        sorter.add(number.to_bytes(4, "big"), bytes(100))
    assert len(list(tmp_path.iterdir())) == 500 * 304 // 10_000
    assert [int.from_bytes(key, "big") for key, _ in sorter.sorted()] == list(range(1, 501))


@pytest.mark.parametrize(
    ("rule", "parts", "batches"),
    [("batch", 0, 1), ("batch", 65, 2), ("eighth", 64 * 100, 104), ("eighth", 64 * 15, 15), ("100000", 5, 1563)],
)
def test_batches_are_filled_up_as_the_rule_says(rule: str, parts: int, batches: int) -> None:
    assert Padding.parse(rule).count_batches(parts, 64) == batches


@given(number=st.integers(1, 10**9))
def test_an_eighth_is_the_most_that_is_added(number: int) -> None:
    assert number <= round_up(number) <= number + number // 8 + 1
    assert round_up(round_up(number)) == round_up(number)


def test_a_number_that_is_too_small_is_refused() -> None:
    with pytest.raises(MarginError, match="as the padding says"):
        Padding.parse("64").count_batches(65, 64)
    with pytest.raises(MarginError):
        Padding.parse("half")
