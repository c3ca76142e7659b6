"""What newcomers are told who do something wrong: every mistake is made, and the page says what came of it."""

import json
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from rich.console import Console

from margin.errors import MisuseError, Reason
from ringfence.cli.remedies import FAMILIES, REMEDIES, find_remedy
from ringfence.cli.terminal import fold, tell_error
from serving.errors import Reason as ServingReason
from snark.errors import Reason as SnarkReason
from tests.ringfence.cli.mistakes import PASSPHRASE, QUICK, Mistake, furnish, try_mistake
from tests.ringfence.cli.mistakes_page import (
    PAGE,
    SECTIONS,
    Tried,
    render_tried,
    try_proved,
    try_quick,
    try_served,
)

PARTS = ("kind", "reason", "field", "found", "expected", "remedy")
SECRETS = re.compile(re.escape(PASSPHRASE) + "|Traceback|PRIVATE KEY")
IN_JSON = (
    "A number instead of a string",
    "A policy with a typo",
    "An option with a typo",
    "No wallet",
    "A file that is cut short",
)


def require_told(tried: Iterable[Tried]) -> None:
    """Each ends as it has to, tells no secret, says what to do, and stands on the page so."""
    page = PAGE.read_text(encoding="utf-8")
    for mistake, told in tried:
        said = "\n".join(told.lines())
        assert (told.code, mistake.reason in said) == (mistake.code, True), (mistake.what, told)
        assert not SECRETS.search(told.out + told.err), mistake.what
        assert "  remedy    " in said or "add as much" in said, (mistake.what, said)
        assert render_tried(mistake, told) in page, (
            f"{mistake.what}: python -m tests.ringfence.cli.mistakes_page\n{said}"
        )


def list_mistakes() -> list[Mistake]:
    """All of them, in the order of the page."""
    return [mistake for sections in SECTIONS for mistakes in sections.values() for mistake in mistakes]


@pytest.mark.native
def test_everybody_is_told_what_happened_and_what_to_do(tmp_path: Path) -> None:
    require_told(try_quick(tmp_path))


@pytest.mark.native
@pytest.mark.slow
def test_so_is_everybody_who_calls_a_verifier_or_a_chain(tmp_path: Path) -> None:
    require_told(try_served(tmp_path))


@pytest.mark.native
@pytest.mark.slow
def test_so_is_everybody_who_proves(tmp_path: Path, circuit_cache: Path) -> None:
    require_told(try_proved(tmp_path, circuit_cache))


def test_the_page_has_every_mistake_once() -> None:
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [mistake.what for mistake in list_mistakes()]
    assert len(headings) == len(set(headings)) > 60


@pytest.mark.native
def test_programs_are_told_the_same(tmp_path: Path) -> None:
    furnish(tmp_path)
    chosen = [each for mistakes in QUICK.values() for each in mistakes if each.what in IN_JSON]
    assert len(chosen) == len(IN_JSON)
    for mistake in chosen:
        told = try_mistake(mistake, tmp_path, "--json")
        error = json.loads(told.out)["error"]
        assert (told.code, tuple(error), error["reason"]) == (mistake.code, PARTS, mistake.reason)
        assert all(error.values())


@pytest.mark.parametrize("reason", [*Reason, *ServingReason, *SnarkReason])
def test_every_reason_has_its_remedy(reason: str) -> None:
    assert reason in REMEDIES or any(family.match(reason) for family, _ in FAMILIES)


@pytest.mark.parametrize("reason", sorted(REMEDIES))
def test_every_remedy_is_of_a_reason(reason: str) -> None:
    codes = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN", "UNIMPLEMENTED", "DEFECT"}
    assert reason in {*Reason, *ServingReason, *SnarkReason, *codes}


@pytest.mark.parametrize(
    ("found", "expected", "meant"),
    [
        ("perp-k11", "one of perp-k0, perp-k1", "perp-k1"),
        ("lng", '"long" or "short"', "long"),
        ("something else", "one of perp, release", None),
        ("perp", "one of perp, release", None),
    ],
)
def test_the_nearest_name_is_offered(found: str, expected: str, meant: str | None) -> None:
    remedy = find_remedy(MisuseError(Reason.NOT_A_CHOICE, "name", found=found, expected=expected))
    assert remedy.startswith(f"did you mean {meant}? ") if meant else "did you mean" not in remedy


def test_a_terminal_has_long_lines_folded_below_what_is_said() -> None:
    line = "  remedy    name the file that --config asks for"
    assert fold(line, 40) == "  remedy    name the file that --config\n            asks for"
    assert fold(line, 80) == line
    assert fold(line, 1) == fold(line, 40)
    assert fold(f"  found     {'1' * 78}", 40).split() == ["found", "1" * 78]


@pytest.mark.parametrize(("reason", "shown"), [("EXPIRED", "2027-01-15T08:00:00Z"), ("OUT_OF_BOUNDS", "1800000000")])
def test_a_person_is_told_a_moment_and_a_program_its_seconds(
    reason: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"kind": "rejected", "reason": reason, "field": "x", "found": "1800000000", "expected": "", "remedy": ""}
    tell_error(error, as_json=True)
    assert json.loads(capsys.readouterr().out)["error"]["found"] == "1800000000"
    with patch("ringfence.cli.terminal.err", Console(file=StringIO(), soft_wrap=True)) as told:
        tell_error(error, as_json=False)
    assert isinstance(told.file, StringIO)
    assert f"found     {shown}\n" in told.file.getvalue()
