"""Structures and netting sets on the page of a prover that proves them: what is judged, shown, proved and refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from facts.demand import read_demand
from margin.documents.reading import read_document
from prover.config import Proving
from prover.development import DEMAND
from prover.page.application import build_application
from prover.page.disclosure import group_hidden
from prover.page.trader import Trader
from tests.prover.farm import serving_farm, settings_of
from tests.prover.page.test_attacks_on_page import TEXTS
from tests.prover.page.test_outlooks import CONDOR, STRANGLE
from tests.prover.page.test_page import PLAIN, Page

pytestmark = [pytest.mark.native, pytest.mark.slow]
STATEMENTS = ("defined_risk-k0", "scenario-k0")
KINDS = {"structure": "defined_risk", "set": "scenario"}


def strangle(cash: str) -> Any:  # noqa: ANN401 - JSON
    return {**STRANGLE, "sets": [{**STRANGLE["sets"][0], "cash": cash}]}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Page]:
    """Of each kind one that just covers its requirement, and one that lacks the least amount."""
    folder = tmp_path_factory.mktemp("kinds")
    settings = settings_of(folder, proving=Proving(development=STATEMENTS, threads=1, multiples_bytes=0))
    with pytest.MonkeyPatch.context() as patch, serving_farm(folder, circuit_cache, patch, settings) as farm:
        with farm.calling() as caller:
            caller.commit("structure-exact", {**CONDOR, "cash": "100"})
            caller.commit("structure-sunk", {**CONDOR, "cash": "99.999999"})
            caller.commit("set-exact", strangle("301.0792"))
            caller.commit("set-sunk", strangle("301.079199"))
        trader = Trader(farm.made.desk, farm.made.jobs, "local", None, folder / "facts")
        yield Page(farm, build_application(trader))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_judged_as_its_statement_judges_it(page: Page, kind: str) -> None:
    """At the boundary: what just covers is proved, and with the least amount less it is refused by both."""
    exact, sunk = page.preview(f"{kind}-exact"), page.preview(f"{kind}-sunk")
    assert (exact["verdict"]["holds"], exact["verdict"]["lacked"]) == (True, "0")
    proof = page.finish(page.ask(f"{kind}-exact", exact["claim_id"]).document)
    assert (proof["state"], proof["claim_id"]) == ("succeeded", exact["claim_id"])
    assert (sunk["verdict"]["holds"], sunk["verdict"]["lacked"]) == (False, "0.000001")
    refused = page.ask(f"{kind}-sunk", sunk["claim_id"])
    assert (refused.status, refused.document["error"]["expected"]) == (409, sunk["verdict"]["rule"])
    with page.farm.calling() as caller:
        failure = caller.prove(f"{kind}-sunk").failure
    assert (failure.reason, failure.expected) == ("W30_RULE_BROKEN", sunk["verdict"]["rule"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_shock_is_refused_before_it_is_proved(page: Page, kind: str) -> None:
    shown = page.preview(f"{kind}-exact", shock="1%")
    assert "no shock" in shown["verdict"]["rule"]
    assert page.ask(f"{kind}-exact", shown["claim_id"], shock="1%").status == 409


@pytest.mark.parametrize("kind", KINDS)
def test_places_of_a_statement_are_told_once(page: Page, kind: str) -> None:
    """What is told together has the same parts, so that no input is left out."""
    told = page.preview(f"{kind}-exact")["hidden"]
    demand = read_demand(read_document(page.farm.folder / "facts" / DEMAND))
    assembled = page.farm.made.desk.assemble("local", f"{kind}-exact", demand)
    groups = dict(group_hidden(assembled.inputs, ()))
    place = {"structure": "leg", "set": "holding"}[kind]
    (row,) = [row for row in told if row["name"].startswith(place)]
    assert row["name"] == f"{place}[0] to {place}[7]"
    assert all(groups[f"{place}[{number}]"] == row["parts"] for number in range(8))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_as_what_it_is(page: Page, kind: str) -> None:
    rows = {row["name"]: row for row in page.get("/api/positions").document["positions"]}
    assert (rows[f"{kind}-exact"]["statement"], rows[f"{kind}-exact"]["lock_choices"]) == (KINDS[kind], [0])
    told = page.get("/api/outlook", name=f"{kind}-exact", locks="0").document
    assert (told["now"]["covers"], told["now"]["to_spare"]) == (True, "0")
    sunk = page.get("/api/outlook", name=f"{kind}-sunk", locks="0").document
    assert (sunk["now"]["covers"], sunk["now"]["to_spare"]) == (False, "-0.000001")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS)
def test_attack_no_question_about_a_kind_is_more_than_refused(page: Page, kind: str, text: str) -> None:
    for field in ("name", "locks", "top_up", "shock", "price"):
        asked = {"name": f"{kind}-exact", "locks": "0", field: text}
        assert page.get("/api/outlook", **asked).status < 500, field


def test_no_secret_of_a_kind_reaches_the_page(page: Page) -> None:
    answers = [
        page.get(path, name=f"{kind}-exact", **more)
        for kind in KINDS
        for path, more in (("/api/outlook", {"locks": "0"}), ("/api/preview", PLAIN))
    ]
    assert {answer.status for answer in answers} == {200}
    text = b"\n".join(answer.body for answer in answers).decode()
    vault = page.farm.made.desk.vault
    secrets = [vault.key]
    for kept in vault.positions("local").values():
        secrets += [kept.committed.salt, kept.committed.position_id, kept.committed.owner, kept.committed.body]
    assert [secret for secret in secrets if str(secret) in text or f"{secret:x}" in text] == []
