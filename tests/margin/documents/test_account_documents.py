"""Accounts: the 28 published ones as documents, through reader, report and command, and at their exact boundary."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from margin.amounts import render_exact
from margin.black76 import SECONDS_PER_YEAR, EuropeanOption, compute_value
from margin.documents.account_document import read_account
from margin.documents.account_report import evaluate_account, report_account
from margin.documents.policy_document import PolicyDocument, read_policy
from margin.documents.published import FOLDER, load_policy
from margin.documents.reading import parse_toml
from margin.errors import MalformedError, Reason
from margin.options import OptionKind
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

F = Fraction
ROOT = Path(__file__).parents[3]
VECTORS = json.loads((ROOT / "tests" / "margin" / "derive_vectors.json").read_text(encoding="utf-8"))["vectors"]
MARKETS = {"1500": "ETH", "28000": "BTC"}
"""The vectors name no market; their spot tells which."""

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])

Content = dict[str, Any]


def document_of(vector: Mapping[str, Any]) -> Content:
    """A published account as a person would write it; marks come from Black-76, as they do at the venue."""
    holdings = {MARKETS[row["spot"]]: holding_of(row) for row in vector["markets"]}
    return {
        "format": "ringfence.account/1",
        "label": vector["id"],
        "policy": "derive",
        "cash": vector["cash"],
        "stable_price": vector["stable_price"],
        "holdings": holdings,
    }


def holding_of(row: Mapping[str, Any]) -> Content:
    """One market of a published account."""
    kept = {name: row[name] for name in ("spot", "spot_confidence", "coins") if name in row}
    perpetual = {"perpetual": perpetual_of(row["perpetual"])} if "perpetual" in row else {}
    return {**kept, **perpetual, "expiries": [expiry_of(each) for each in row.get("expiries", [])]}


def perpetual_of(row: Mapping[str, str]) -> Content:
    """A published perpetual; funding is owed on the rise of the index since entry."""
    size = F(row["size"])
    funding = -size * (F(row["index_now"]) - F(row["index_at_entry"]))
    return {
        "side": "long" if size > 0 else "short",
        "quantity": render_exact(abs(size)),
        "entry_price": row["entry_price"],
        "mark": row["mark"],
        "funding": render_exact(funding),
        "confidence": row["confidence"],
    }


def expiry_of(row: Mapping[str, Any]) -> Content:
    """A published expiry, its options marked with Black-76."""
    return {
        "forward": row["forward"],
        "confidence": row["confidence"],
        "legs": [leg_of(row, *leg) for leg in row["legs"]],
    }


def leg_of(row: Mapping[str, Any], kind: str, held: str, strike: str, volatility: str) -> Content:
    """An option at its Black-76 mark, to 30 decimals."""
    years = row["seconds"] / SECONDS_PER_YEAR
    option = EuropeanOption(OptionKind(kind), float(row["forward"]), float(strike), years, float(volatility))
    return {
        "kind": kind,
        "side": "long" if F(held) > 0 else "short",
        "quantity": render_exact(abs(F(held))),
        "strike": strike,
        "mark": render_exact(round(F(compute_value(option)), 30)),
    }


def judge(content: object, find: Callable[[str], PolicyDocument] = load_policy) -> Content:
    """The report of an account."""
    document = read_account(content, find)
    return report_account(document, evaluate_account(document))


def assert_close(found: object, published: str) -> None:
    """Equal but for the noise of the floats that the published marks were."""
    assert abs(F(str(found)) - F(published)) <= F(1, 10**12) * max(F(1), abs(F(published)))


@every_vector
def test_a_published_account_has_its_published_numbers(vector: Mapping[str, Any]) -> None:
    report = judge(document_of(vector))
    assert_close(report["excess_initial"], vector["initial"])
    assert_close(report["excess_maintenance"], vector["maintenance"])
    assert_close(report["market_value"], vector["market_value"])


@every_vector
def test_the_steps_add_up(vector: Mapping[str, Any]) -> None:
    report = judge(document_of(vector))
    for kind in ("initial", "maintenance"):
        steps = [step for holding in report["holdings"].values() for step in holding[kind]]
        excess = F(report["cash"]) + sum(F(step["amount"]) for step in steps)
        assert excess == F(report[f"excess_{kind}"]) == F(report["equity"]) - F(report[kind])
        needed = [F(expiry[kind]) for holding in report["holdings"].values() for expiry in holding["expiries"]]
        assert sum(needed) == -sum(F(step["amount"]) for step in steps if step["name"] == "options")


@every_vector
def test_the_command_answers_for_a_published_account(
    vector: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(document_of(vector)))
    for kind in ("maintenance", "initial"):
        code = run(["margin", "evaluate", str(path), "--require", kind, "--json"])
        report = json.loads(capsys.readouterr().out)
        assert report == judge(document_of(vector))
        assert code == (ExitCode.YES if F(vector[kind]) >= 0 else ExitCode.NO)
        assert report[f"covers_{kind}"] is (F(vector[kind]) >= 0)


@pytest.mark.parametrize("kind", ["initial", "maintenance"])
@every_vector
def test_the_answer_turns_at_an_excess_of_zero(vector: Mapping[str, Any], kind: str) -> None:
    content = document_of(vector)
    excess = F(judge(content)[f"excess_{kind}"])
    least = F(content["cash"]) - excess
    assert judge({**content, "cash": render_exact(least)})[f"covers_{kind}"] is True
    assert judge({**content, "cash": render_exact(least - F(1, 10**40))})[f"covers_{kind}"] is False


def test_headlines_are_rounded_against_the_trader() -> None:
    report = judge({"policy": "derive", "cash": "0.0000019", "holdings": {"ETH": {"spot": "0.0000007", "coins": "1"}}})
    assert F(report["equity"]) == F("0.00000197")
    assert report["shown"]["equity"] == "0.000001"
    content = document_of(VECTORS[0])
    exact, shown = judge(content), judge(content)["shown"]
    assert 0 <= F(shown["initial"]) - F(exact["initial"]) < F(1, 10**6)
    assert 0 <= F(exact["excess_initial"]) - F(shown["excess_initial"]) < F(1, 10**6)


def test_an_account_of_cash_alone_is_worth_its_cash() -> None:
    report = judge({"policy": "derive", "cash": "12.5"})
    assert (report["equity"], report["initial"], report["market_value"]) == ("12.5", "0", "12.5")
    assert judge({"policy": "derive", "cash": "-0.01"})["covers_maintenance"] is False


def test_the_policy_has_the_perpetual_rates_in_one_place() -> None:
    policy = load_policy("derive")
    assert policy.account is not None
    for name, rule in policy.account.markets.items():
        tier = policy.market(f"{name}-PERP").policy.table.tiers[0]
        assert (rule.perpetual_initial_rate, rule.perpetual_maintenance_rate) == (F("0.065"), F("0.05"))
        assert (tier.initial_rate, tier.maintenance_rate) == (F("0.065"), F("0.05"))
        assert rule.options is policy.options[name]


def altered_policy(*path: str, value: object) -> Content:
    """Derive's policy with one field changed."""
    content: Any = deepcopy(parse_toml((FOLDER / "derive.toml").read_bytes()))
    place = content
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert isinstance(content, dict)
    return content


def test_a_policy_written_in_place_is_applied() -> None:
    content = document_of(VECTORS[17])
    halved = altered_policy("account", "markets", "ETH", "coin_share", value="5%")
    plain, altered = judge(content), judge({**content, "policy": halved})
    assert F(altered["excess_maintenance"]) == F(plain["excess_maintenance"]) / 2 == 75


@pytest.mark.parametrize(
    ("path", "value", "reason", "field"),
    [
        (("account",), {}, Reason.MISSING_FIELD, "account.depeg.threshold"),
        (("account", "depeg", "threshold"), "101%", Reason.OUT_OF_BOUNDS, "account.depeg.threshold"),
        (("account", "depeg", "factor"), "-1", Reason.OUT_OF_BOUNDS, "account.depeg.factor"),
        (("account", "markets"), {}, Reason.MISSING_FIELD, "account.markets"),
        (("account", "colour"), "red", Reason.UNKNOWN_FIELD, "account.colour"),
        (("account", "markets", "ETH", "options"), "DOGE", Reason.NOT_A_CHOICE, "account.markets.ETH.options"),
        (("account", "markets", "ETH", "perpetual"), "ETH", Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (("account", "markets", "ETH", "coin_share"), "2", Reason.OUT_OF_BOUNDS, "account.markets.ETH.coin_share"),
        (("account", "markets", "ETH", "colour"), "red", Reason.UNKNOWN_FIELD, "account.markets.ETH.colour"),
        (
            ("account", "markets", "ETH", "oracle", "factor"),
            "101%",
            Reason.OUT_OF_BOUNDS,
            "account.markets.ETH.oracle.factor",
        ),
        (("terms", "closing_fee"), "0.1%", Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (("terms", "size_slope"), "0.1%", Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (("terms", "volatility"), {"multiple": "3"}, Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (("terms", "cap"), "1000", Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (("terms", "basis"), "entry", Reason.NOT_A_CHOICE, "account.markets.ETH.perpetual"),
        (
            ("options", "ETH"),
            {"rule": "gate", "share": "15%", "floor_share": "10%", "maintenance_share": "7.5%"},
            Reason.NOT_A_CHOICE,
            "account.markets.ETH.options",
        ),
    ],
)
def test_a_malformed_account_section_names_its_field(
    path: tuple[str, ...], value: object, reason: Reason, field: str
) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_policy(altered_policy(*path, value=value))
    assert (refusal.value.reason, refusal.value.field) == (reason, field)
