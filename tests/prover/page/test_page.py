"""The trader's page in front of a prover that proves: what it tells, what it never tells, and what it refuses."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zipfile import ZipFile

import pytest

from facts.demand import read_demand
from facts.public_inputs import PublicInputs, input_names
from margin.documents.reading import parse_json, read_document
from prover.development import DEMAND
from prover.jobs import Bounds, Jobs
from prover.page.application import build_application
from prover.page.disclosure import STATED, group_hidden
from prover.page.trader import Trader
from serving.page.door import Application
from snark.groth16.formats.proof_json import parse_proof
from snark.groth16.formats.public_json import parse_public
from snark.groth16.formats.verification_key import parse_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.prover.farm import Caller, Farm, serving_farm
from tests.prover.proofs import document
from tests.serving.knocking import Reply, knock

pytestmark = pytest.mark.native
PLAIN = {"locks": "0", "requirement": "maintenance", "shock": "0%", "buffer": "0%"}
"""Of a position without a lock, and nothing on top."""


@dataclass(frozen=True)
class Page:
    """The page of one caller, its door left out."""

    farm: Farm
    application: Application

    def get(self, path: str, **query: str) -> Reply:
        return knock(self.application, path, query=urlencode(query), headers={})

    def post(self, path: str, **wanted: object) -> Reply:
        return knock(self.application, path, "POST", body=json.dumps(wanted).encode(), headers={})

    def preview(self, name: str, **changed: str) -> Any:  # noqa: ANN401 - JSON
        return self.get("/api/preview", name=name, **{**PLAIN, **changed}).document

    def ask(self, name: str, claim_id: str, **changed: str) -> Reply:
        wanted = {"name": name, **PLAIN, "claim_id": claim_id, "request_id": uuid4().hex, **changed}
        return self.post("/api/proofs", **wanted)

    def finish(self, proof: Any) -> Any:  # noqa: ANN401 - JSON
        self.farm.made.jobs.wait("local", proof["id"], 600, threading.Event())
        return self.get(f"/api/proofs/{proof['id']}").document


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch, serving_farm(folder, circuit_cache, patch) as farm:
        with farm.calling() as caller:
            fill(caller)
        trader = Trader(farm.made.desk, farm.made.jobs, "local", None, folder / "facts")
        yield Page(farm, build_application(trader))


def fill(caller: Caller) -> None:
    """A position that is well, one that just covers its requirement, and one that lacks the least amount."""
    caller.commit("well")
    for name, cash in (("exact", "1245"), ("sunk", "1244.999999")):
        content = document(cash=cash)
        del content["position"]["leverage"]
        caller.commit(name, content)


# --- What it tells ---------------------------------------------------------------------------------------


def test_the_keys_that_a_browser_checks_proofs_under_are_those_that_prove(page: Page) -> None:
    keys = page.get("/api/keys").document["keys"]
    provables = page.farm.made.desk.provables
    assert [each["statement"] for each in keys] == list(provables)
    for each in keys:
        key = VerifyingKey.decode(bytes.fromhex(each["canonical"]), allow_development_keys=True)
        assert (key.id, key.is_for_development) == (each["id"], each["development"])
        assert key.id == provables[each["statement"]].key_id


def test_positions_are_told_with_what_can_be_asked_of_them(page: Page) -> None:
    told = page.get("/api/positions").document
    rows = {row["name"]: row for row in told["positions"]}
    assert rows.keys() == {"well", "exact", "sunk"}
    assert (rows["well"]["statement"], rows["well"]["lock_choices"]) == ("perp", [0])
    assert rows["well"]["demand"]["requirement"] == "maintenance"
    assert told["caller"] == "local"


def test_keys_are_told_as_they_are_hashed(page: Page) -> None:
    (told,) = page.get("/api/keys").document["keys"]
    key = VerifyingKey.decode(bytes.fromhex(told["canonical"]), allow_development_keys=True)
    assert (key.id, told["statement"], told["development"]) == (told["id"], "perp-k0", True)


def test_another_caller_has_no_positions(page: Page) -> None:
    trader = Trader(page.farm.made.desk, page.farm.made.jobs, "somebody", None, page.farm.folder / "facts")
    stranger = Page(page.farm, build_application(trader))
    assert stranger.get("/api/positions").document["positions"] == []
    assert stranger.get("/api/outlook", name="well", locks="0").status == 404
    assert stranger.get("/api/preview", name="well", **PLAIN).status == 404
    assert stranger.get("/api/proofs").document == {"proofs": []}


def test_an_outlook_is_what_margin_says(page: Page) -> None:
    told = page.get("/api/outlook", name="well", locks="0", top_up="1000", shock="-5%").document
    now, then = told["now"], told["then"]
    assert now["liquidation_price"] == "10790000/199"
    assert now["shown"]["liquidation_price"] == "54221.11"
    assert Fraction(then["mark_price"]) == Fraction(now["mark_price"]) * Fraction(95, 100)
    gained = Fraction(then["equity"]["cash"]) - Fraction(now["equity"]["cash"])
    assert gained == 1000
    assert Fraction(then["liquidation_price"]) < Fraction(now["liquidation_price"])
    assert Fraction(now["distance_percent"]) <= 100 * Fraction(now["liquidation_distance"])


def test_the_curves_cross_where_the_position_ends(page: Page) -> None:
    told = page.get("/api/outlook", name="well", locks="0").document
    named = {point["name"]: point for point in told["curve"] if point["name"]}
    assert named.keys() == {"attested", "liquidation", "bankruptcy"}
    end = named["liquidation"]
    assert 0 <= Fraction(end["maintenance"]) - Fraction(end["equity"]) <= Fraction(2, 10**6)
    assert named["bankruptcy"]["equity"] == "0"
    marks = [Fraction(point["exact_mark"]) for point in told["curve"]]
    assert marks == sorted(set(marks))
    assert [Fraction(point["exact_mark"]) for point in told["richer"]] == marks
    assert all(Fraction(low) <= Fraction(told["now"]["mark_price"]) <= Fraction(high) for low, high in [told["band"]])


def test_a_preview_names_every_input_of_the_statement_once(page: Page) -> None:
    told = page.preview("well")
    desk = page.farm.made.desk
    demand = read_demand(read_document(page.farm.folder / "facts" / DEMAND))
    assembled = desk.assemble("local", "well", demand)
    revealed = [row["name"] for row in told["revealed"]]
    assert revealed == list(input_names(0))
    stated = [name for name in assembled.inputs if name.partition(".")[0] in STATED and name not in revealed]
    hidden = [part for _, parts in group_hidden(assembled.inputs, revealed) for part in parts]
    assert len(revealed) + len(stated) + len(hidden) == len(assembled.inputs)
    assert {row["name"] for row in told["hidden"]} == {"secret", "position", "market"}
    assert all(row["learns"] for row in told["revealed"])


def test_no_secret_reaches_the_page(page: Page) -> None:
    """Key, salts and ids are looked for in every answer, as digits of both kinds."""
    page.finish(page.ask("well", page.preview("well")["claim_id"]).document)
    answers = [
        page.get("/api/positions"),
        page.get("/api/outlook", name="well", locks="0"),
        page.get("/api/preview", name="well", **PLAIN),
        page.get("/api/proofs"),
    ]
    text = b"\n".join(answer.body for answer in answers).decode()
    vault = page.farm.made.desk.vault
    secrets = [vault.key]
    for kept in vault.positions("local").values():
        secrets += [kept.committed.salt, kept.committed.position_id, kept.committed.owner, kept.committed.body]
    assert len(secrets) > 10
    assert [secret for secret in secrets if str(secret) in text or f"{secret:x}" in text] == []


# --- Proofs ----------------------------------------------------------------------------------------------


def test_what_is_proved_is_what_was_shown(page: Page) -> None:
    shown = page.preview("well", shock="5%", buffer="10%")
    begun = page.ask("well", shown["claim_id"], shock="5%", buffer="10%")
    assert begun.status == 202
    proof = page.finish(begun.document)
    assert (proof["state"], proof["claim_id"]) == ("succeeded", shown["claim_id"])
    packed = page.get(f"/api/proofs/{proof['id']}/claim.zip")
    assert packed.headers["content-type"] == "application/zip"
    with ZipFile(BytesIO(packed.body)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert files.keys() == {
        "claim/proof.json",
        "claim/public.json",
        "claim/verification_key.json",
        "claim/demand.json",
    }
    key = parse_verifying_key(files["claim/verification_key.json"], allow_development_keys=True)
    values = parse_public(files["claim/public.json"])
    verify_proof(key, values, parse_proof(files["claim/proof.json"]))
    assert [f"{value:064x}" for value in PublicInputs.of(values).values] == [row["value"] for row in shown["revealed"]]
    policy = read_demand(parse_json(files["claim/demand.json"])).margin_policy
    assert (policy.shock_ppm, policy.buffer_ppm) == (50_000, 100_000)


def test_a_position_is_judged_as_its_statement_judges_it(page: Page) -> None:
    """At the boundary: what just covers is proved, and with the least amount less it is refused by both."""
    exact, sunk = page.preview("exact"), page.preview("sunk")
    assert (exact["verdict"]["holds"], exact["verdict"]["lacked"]) == (True, "0")
    assert page.finish(page.ask("exact", exact["claim_id"]).document)["state"] == "succeeded"
    assert (sunk["verdict"]["holds"], sunk["verdict"]["lacked"]) == (False, "0.000001")
    with page.farm.calling() as caller:
        failure = caller.prove("sunk").failure
    assert (failure.reason, failure.expected) == ("W30_RULE_BROKEN", sunk["verdict"]["rule"])


def test_a_position_under_water_is_refused_with_the_rule(page: Page) -> None:
    before = len(page.get("/api/proofs").document["proofs"])
    refused = page.ask("sunk", page.preview("sunk")["claim_id"])
    assert refused.status == 409
    error = refused.document["error"]
    assert (error["reason"], error["expected"]) == ("INSUFFICIENT_MARGIN", page.preview("sunk")["verdict"]["rule"])
    assert len(page.get("/api/proofs").document["proofs"]) == before


def test_nothing_is_proved_that_was_not_shown(page: Page) -> None:
    shown = page.preview("well")["claim_id"]
    for changed in ({"shock": "1%"}, {"requirement": "initial"}, {"buffer": "1%"}):
        refused = page.ask("well", shown, **changed)
        assert (refused.status, refused.document["error"]["reason"]) == (409, "WRONG_ROOT")
    with page.farm.calling() as caller:
        caller.commit("newcomer")
    assert page.ask("well", shown).document["error"]["reason"] == "WRONG_ROOT"
    assert page.ask("well", page.preview("well")["claim_id"]).status == 202


def test_the_same_request_is_the_same_proof(page: Page) -> None:
    shown, request_id = page.preview("well")["claim_id"], uuid4().hex
    first, second = (page.ask("well", shown, request_id=request_id).document["id"] for _ in range(2))
    assert first == second
    refused = page.ask("exact", page.preview("exact")["claim_id"], request_id=request_id)
    assert refused.document["error"]["reason"] == "REQUEST_ID_TAKEN"


def test_a_proof_is_cancelled_and_the_queue_has_an_end(page: Page) -> None:
    """Without workers a job waits for as long as it is left to."""
    trader = Trader(page.farm.made.desk, Jobs(Bounds(queued=1)), "local", None, page.farm.folder / "facts")
    idle = Page(page.farm, build_application(trader))
    shown = idle.preview("well")["claim_id"]
    begun = idle.ask("well", shown).document
    full = idle.ask("well", shown)
    assert (full.status, full.document["error"]["reason"]) == (429, "QUEUE_FULL")
    ended = idle.post(f"/api/proofs/{begun['id']}/cancel").document
    assert (ended["state"], ended["over"], ended["claim_id"]) == ("cancelled", True, None)
    assert idle.get(f"/api/proofs/{begun['id']}/claim.zip").status == 404
    assert idle.ask("well", shown).status == 202


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/outlook", {"name": "nobody", "locks": "0"}, 404),
        ("/api/outlook", {"name": "well"}, 400),
        ("/api/outlook", {"name": "well", "locks": "5"}, 400),
        ("/api/outlook", {"name": "well", "locks": "0", "top_up": "-1"}, 400),
        ("/api/outlook", {"name": "well", "locks": "0", "top_up": "0.0000001"}, 400),
        ("/api/outlook", {"name": "well", "locks": "0", "top_up": "1e9"}, 400),
        ("/api/outlook", {"name": "well", "locks": "0", "shock": "-100%"}, 400),
        ("/api/outlook", {"name": "well", "locks": "0", "other": "1"}, 400),
        ("/api/preview", {"name": "well", **PLAIN, "locks": "1"}, 409),
        ("/api/preview", {"name": "well", **PLAIN, "shock": "100%"}, 400),
        ("/api/preview", {"name": "well", **PLAIN, "requirement": "any"}, 400),
        ("/api/proofs/nothing", {}, 400),
        (f"/api/proofs/{'a' * 32}", {}, 404),
        ("/api/elsewhere", {}, 404),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(
    page: Page, path: str, query: dict[str, str], status: int
) -> None:
    refused = page.get(path, **query)
    assert refused.status == status
    if path != "/api/elsewhere":
        assert refused.document["error"]["reason"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": "well"}', b'{"name": 1}', b"\xff", b'{"a":1,"a":1}'])
def test_a_body_that_asks_for_nothing_is_refused(page: Page, body: bytes) -> None:
    assert knock(page.application, "/api/proofs", "POST", body=body, headers={}).status == 400
