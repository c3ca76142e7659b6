"""What the venues publish, to the last digit that they print: each example through the real reader and report."""

import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest

from margin.amounts import parse_decimal
from margin.documents.position_document import read_position
from margin.documents.position_report import Report, compute_actions, report_position
from margin.documents.published import load_policy
from margin.documents.reading import parse_json
from margin.documents.structure_document import read_structure
from margin.documents.structure_report import evaluate_structure, report_structure
from margin.evaluation import evaluate_position

EXAMPLES = tomllib.loads((Path(__file__).parent / "published_examples.toml").read_text(encoding="utf-8"))


def report_of_position(text: str) -> Report:
    """The report of a position that is written as JSON."""
    document = read_position(parse_json(text), load_policy)
    evaluation = evaluate_position(document.market.policy, document.position, document.state)
    return report_position(document, evaluation, compute_actions(document, evaluation))


def report_of_structure(text: str) -> Report:
    """The report of a structure that is written as JSON."""
    document = read_structure(parse_json(text), load_policy)
    return report_structure(document, evaluate_structure(document))


def field_of(report: Report, path: str) -> object:
    """The field that a path such as ``initial.total`` or ``requirement.legs.0.initial`` names."""
    value: Any = report
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def number_of(report: Report, path: str) -> Fraction:
    """A number of the report, exactly."""
    value = field_of(report, path)
    assert isinstance(value, str | int), f"{path} is {value!r}"
    return Fraction(value)


def unit_of(printed: str) -> Fraction:
    """One unit in the last place that is printed."""
    return Fraction(1, 10 ** len(printed.partition(".")[2]))


def nearest_unit(steps: Fraction) -> int:
    """The nearest whole number; a half goes away from zero, as people round."""
    return floor(steps + Fraction(1, 2)) if steps >= 0 else ceil(steps - Fraction(1, 2))


ROUNDINGS: dict[str, Callable[[Fraction], int]] = {"nearest": nearest_unit, "down": floor, "up": ceil}


def require_agreement(example: Mapping[str, Any], numbers: Mapping[str, Fraction], words: Mapping[str, object]) -> None:
    """Every number and word that the example expects."""
    for path, expected in example.get("exact", {}).items():
        assert words[path] == expected if path in words else numbers[path] == Fraction(expected), path
    for name, rounding in ROUNDINGS.items():
        for path, printed in example.get(name, {}).items():
            unit = unit_of(printed)
            assert rounding(numbers[path] / unit) * unit == parse_decimal(printed, path), (path, float(numbers[path]))
    for path, printed in example.get("close", {}).items():
        expected = parse_decimal(printed, path)
        assert abs(numbers[path] - expected) <= parse_decimal(example["tolerance"], "tolerance") * abs(expected), path


def paths_of(example: Mapping[str, Any]) -> list[str]:
    """Every field that the example speaks of."""
    return [path for name in ("exact", "close", *ROUNDINGS) for path in example.get(name, {})]


def require_report(example: Mapping[str, Any], report: Report) -> None:
    """The report says what the example expects."""
    words = {path: field_of(report, path) for path in paths_of(example) if path == "liquidation_cause"}
    numbers = {path: number_of(report, path) for path in paths_of(example) if path not in words}
    require_agreement(example, numbers, words)


def rows(kind: str) -> pytest.MarkDecorator:
    """One test for each example of a kind."""
    return pytest.mark.parametrize("example", EXAMPLES[kind], ids=lambda example: example["id"])


@rows("positions")
def test_a_position_is_judged_as_published(example: Mapping[str, Any]) -> None:
    require_report(example, report_of_position(example["document"]))


@rows("structures")
def test_a_structure_is_judged_as_published(example: Mapping[str, Any]) -> None:
    require_report(example, report_of_structure(example["document"]))


@rows("sums")
def test_a_sum_over_positions_is_as_published(example: Mapping[str, Any]) -> None:
    reports = [report_of_position(text) for text in example["documents"]]
    numbers = {path: sum((number_of(report, path) for report in reports), Fraction(0)) for path in paths_of(example)}
    require_agreement(example, numbers, {})


def test_every_example_expects_something_and_names_its_source() -> None:
    for kind in EXAMPLES:
        for example in EXAMPLES[kind]:
            assert paths_of(example)
            assert example["source"]
            assert set(example) <= {
                "id",
                "source",
                "note",
                "document",
                "documents",
                "tolerance",
                "close",
                "exact",
            } | set(ROUNDINGS)


def test_no_two_examples_share_an_id() -> None:
    ids = [example["id"] for kind in EXAMPLES for example in EXAMPLES[kind]]
    assert len(ids) == len(set(ids))
