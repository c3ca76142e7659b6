"""From a document in human units to a verified proof, by the command line alone."""

import json
import os
from fractions import Fraction
from math import ceil
from pathlib import Path
from unittest.mock import patch

import pytest

from circuits.artifact import write_artifact
from circuits.catalogue import find_statement
from facts.context import Binding
from facts.demand import read_demand
from margin.amounts import render_exact
from margin.bounds import PPM
from margin.documents.position_document import read_position
from margin.documents.published import load_policy
from margin.documents.reading import parse_toml
from margin.evaluation import evaluate_position
from prover.development import DEMAND_TEXT, commit_for_development
from prover.perpetual import make_committable
from prover.publication import Publication
from prover.request import read_request_file
from prover.wallet import Secrets, Wallet
from prover.witness import Situation
from snark.r1cs.wtns_file import write_wtns
from tests.prover.proofs import ROOT, Content, Desk, document

pytestmark = pytest.mark.native

LONGER = {"basket", "request", "iron-condor", "delta-hedged-strangle"}
"""Circuits that take seconds to make; others like them are in the quick suite."""
EXAMPLES = {
    "long-btc": "perp",
    "leveraged-btc": "perp",
    "short-inverse": "perp",
    "basket": "perp",
    "request": "perp",
    "bear-put-spread": "defined_risk",
    "iron-condor": "defined_risk",
    "delta-hedged-strangle": "scenario",
}


@pytest.fixture
def desk(tmp_path: Path, circuit_cache: Path) -> Desk:
    """An empty folder."""
    return Desk(tmp_path, circuit_cache)


def demand(desk: Desk, policy: str, **changes: object) -> Path:
    """The folder's demand with another policy."""
    text = (desk.folder / "ringfence-facts" / "demand.toml").read_text()
    text = text.replace('requirement = "maintenance"', policy)
    for name, value in changes.items():
        text = "\n".join(f"{name} = {value}" if line.startswith(f"{name} =") else line for line in text.splitlines())
    return desk.write("demand.toml", text)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONGER else []) for name in EXAMPLES]
)
def test_an_example_is_committed_proved_and_verified(desk: Desk, name: str) -> None:
    path = next((ROOT / "examples").rglob(f"{name}.json"))
    committed = desk.commit(path)
    proved = desk.prove(path, name=EXAMPLES[name])
    assert proved["position_tag"] == committed["position_tag"]
    demanded = ("--demand", ROOT / "examples" / "proving" / "demand.toml") if name == "request" else ()
    verified = desk.verify(*demanded)
    assert verified["valid"] is True
    assert verified["revealed"]["position_tag"] == committed["position_tag"]
    assert len([each for each in verified["revealed"] if each.startswith("nullifier")]) == len(committed["locks"])


def boundary_cash(policy: str) -> int:
    """The least cash, in money units, at which the position of ``document`` keeps the requirement after the shock."""
    content = document(cash="0")
    del content["position"]["leverage"]
    read = read_position(content, load_policy)
    position, market = make_committable(read), read.market.policy
    asked = read_demand({**parse_demand(), "policy": parse_toml(policy.encode())}).margin_policy
    shocked = read.state.at_mark(read.state.mark * (1 - Fraction(asked.shock_ppm, PPM)))
    evaluated = evaluate_position(market, position, shocked)
    required = evaluated.maintenance.total * (1 + Fraction(asked.buffer_ppm, PPM))
    return ceil(required - evaluated.equity.total)


def parse_demand() -> Content:
    content = parse_toml((ROOT / "examples" / "proving" / "demand.toml").read_bytes())
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    "policy", ['requirement = "maintenance"', 'requirement = "maintenance"\nshock = "3.3%"\nbuffer = "10%"']
)
def test_one_unit_below_the_boundary_the_prover_refuses_with_the_rule(desk: Desk, policy: str) -> None:
    least = boundary_cash(policy)
    for name, cash, code in (("exact", least, 0), ("short", least - 1, 1)):
        content = document(cash=f"{cash // 10**6}.{cash % 10**6:06}")
        del content["position"]["leverage"]
        path = desk.write(f"{name}.json", {**content, "label": name})
        desk.commit(path)
        told = desk.prove(path, "--demand", demand(desk, policy), "--output", name, code=code)
        if code:
            assert told["error"]["field"] == "equity_covers_requirement"
            assert "the equity covers the requirement" in told["error"]["expected"]
            assert not any(letter.isdigit() for letter in told["error"]["found"] + told["error"]["expected"])
            assert not (desk.folder / name).exists()


@pytest.mark.parametrize(
    ("name", "exact", "rule"),
    [
        ("iron-condor", Fraction(100), "equity_covers_worst_loss"),
        pytest.param(
            "delta-hedged-strangle",
            Fraction("176.6792") + Fraction("124.4"),
            "equity_covers_scenario",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_structure_is_refused_one_unit_below_its_loss(desk: Desk, name: str, exact: Fraction, rule: str) -> None:
    content = json.loads((ROOT / "examples" / f"{name}.json").read_text())
    for label, cash, code in (("exact", exact, 0), ("short", exact - Fraction(1, 10**6), 1)):
        place = content["sets"][0] if "sets" in content else content
        place["cash"] = render_exact(cash)
        path = desk.write(f"{label}.json", {**content, "label": label})
        desk.commit(path)
        told = desk.prove(path, name=EXAMPLES[name], code=code)
        assert not code or told["error"]["field"] == rule


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Desk:
    """A folder with a proof in it."""
    desk = Desk(tmp_path_factory.mktemp("proved"), circuit_cache)
    path = desk.write("position.json", document())
    desk.commit(path)
    desk.prove(path)
    return desk


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("domain", '"elsewhere"', "WRONG_CONTEXT"),
        ("verifier", '"somebody"', "WRONG_CONTEXT"),
        ("chain_id", "31338", "WRONG_CONTEXT"),
        ("contract", f'"0x{"00" * 20}"', "WRONG_CONTEXT"),
        ("recipient", f'"0x{"00" * 20}"', "WRONG_CONTEXT"),
        ("expires", '"2099-01-01T00:00:00Z"', "WRONG_CONTEXT"),
        ("requirement", '"initial"', "WRONG_POLICY"),
    ],
)
def test_a_proof_is_good_for_its_demand_alone(proved: Desk, name: str, value: str, reason: str) -> None:
    wanted = demand(proved, 'requirement = "maintenance"', **{name: value})
    assert proved.verify("--demand", wanted, code=1)["error"]["reason"] == reason


@pytest.mark.parametrize("root", ["book", "market"])
def test_a_proof_is_good_for_its_roots_alone(proved: Desk, root: str) -> None:
    roots = json.loads((proved.folder / "ringfence-facts" / "roots.json").read_text())
    path = proved.write("roots.json", {**roots, root: str(int(roots[root]) + 1)})
    error = proved.verify("--roots", path, code=1)["error"]
    assert (error["reason"], error["field"]) == ("WRONG_ROOT", f"{root}_root")


def test_a_proof_that_is_over_is_good_no_more(desk: Desk) -> None:
    path = desk.write("position.json", document())
    desk.commit(path)
    wanted = demand(desk, 'requirement = "maintenance"', expires='"2020-01-01T00:00:00Z"')
    refused = desk.run("prove", "perp", "--input", path, "--demand", wanted, "--development", *desk.passphrase, code=1)
    assert (refused["error"]["reason"], refused["error"]["field"]) == ("EXPIRED", "expires")
    with patch.object(Binding, "require_time_left"):  # it was not over then
        desk.prove(path, "--demand", wanted)
    assert desk.verify("--demand", wanted, code=1)["error"]["reason"] == "EXPIRED"


def test_an_altered_public_input_proves_nothing(proved: Desk, tmp_path: Path) -> None:
    for name in ("proof.json", "public.json", "verification_key.json"):
        (tmp_path / name).write_bytes((proved.folder / "proof" / name).read_bytes())
    values = json.loads((tmp_path / "public.json").read_text())
    values[3] = str(int(values[3]) + 1)
    (tmp_path / "public.json").write_text(json.dumps(values))
    assert proved.verify(tmp_path, code=1)["error"]["reason"] == "V17_EQUATION_FAILS"


def test_a_key_for_development_is_refused_unless_it_is_asked_for(proved: Desk) -> None:
    assert proved.run("verify", code=1)["error"]["reason"] == "V24_DEVELOPMENT_KEY"
    key_id = proved.verify()["key_id"]
    assert proved.verify("--key-id", key_id)["valid"]
    assert proved.verify("--key-id", "0" * 64, code=1)["error"]["reason"] == "V23_KEY_NOT_PINNED"
    arguments = ("prove", "perp", "--input", "position.json", *proved.passphrase)
    assert proved.run(*arguments, code=2)["error"]["field"] == "--zkey"


def test_malformed_files_are_malformed(proved: Desk, tmp_path: Path) -> None:
    for name in ("proof.json", "public.json", "verification_key.json"):
        (tmp_path / name).write_text("{}")
    proved.verify(tmp_path, code=3)
    proved.verify("--roots", proved.write("broken.json", "{"), code=3)
    proved.verify("--demand", proved.write("broken.toml", "x = 1"), code=3)


def test_another_document_than_the_committed_one_is_not_proved(proved: Desk) -> None:
    changed = proved.write("changed.json", document(size="2"))
    assert proved.prove(changed, code=2)["error"]["reason"] == "WRONG_FILE"
    unknown = proved.write("unknown.json", {**document(), "label": "unknown"})
    assert proved.prove(unknown, code=2)["error"]["reason"] == "NOT_IN_TREE"


def test_a_name_is_committed_once(proved: Desk) -> None:
    assert proved.commit("position.json", code=2)["error"]["field"] == "name"


def test_a_wrong_passphrase_opens_nothing(proved: Desk) -> None:
    wrong = proved.write("wrong", "another\n")
    wrong.chmod(0o600)
    arguments = ("prove", "perp", "--input", "position.json", "--development", "--passphrase-file", wrong)
    assert proved.run(*arguments, code=1)["error"]["reason"] == "WRONG_PASSPHRASE"


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_passphrase_that_others_can_read_is_refused(proved: Desk) -> None:
    seen = proved.write("seen", "a passphrase of the tests\n")
    seen.chmod(0o644)
    arguments = ("prove", "perp", "--input", "position.json", "--development", "--passphrase-file", seen)
    assert proved.run(*arguments, code=2)["error"]["field"] == "--passphrase-file"


def test_a_passphrase_comes_through_a_descriptor(proved: Desk) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a passphrase of the tests\nmore")
    os.close(writing)
    arguments = ("prove", "perp", "--input", "position.json", "--development", "--passphrase-fd", reading)
    assert proved.run(*arguments, "--output", "again")["statement"] == "perp-k0"
    os.close(reading)


def test_two_proofs_of_one_position_differ_and_have_one_tag(proved: Desk) -> None:
    tags = {proved.prove("position.json", "--output", name)["position_tag"] for name in ("one", "two")}
    assert len(tags) == 1
    assert len({(proved.folder / name / "proof.json").read_bytes() for name in ("one", "two")}) == 2


def test_a_key_of_another_circuit_is_refused(proved: Desk) -> None:
    product = ROOT / "examples" / "circuit" / "product.zkey"
    assert proved.prove("position.json", "--zkey", product, code=2)["error"]["field"] == "zkey"


def test_circuits_are_listed_described_and_checked(desk: Desk) -> None:
    listed = desk.run("circuit", "list")
    assert {"perp-k0", "perp-k1", "perp-k4"} <= {each["name"] for each in listed["circuits"]}
    described = desk.run("circuit", "info", "perp", "--shape", "K=0")
    assert described["public"] == ["book_root", "market_root", "lock_root", "position_tag", "context", "policy"]
    compiled = desk.run("circuit", "compile", "perp-k0", "--output", desk.folder / "circuit")
    assert compiled["circuit_hash"] == described["circuit_hash"]
    checked = desk.run("circuit", "check", "perp-k0", "--folder", desk.folder / "circuit")
    assert checked["same_as_folder"] is checked["same_as_recorded"] is True
    desk.run("circuit", "info", "perp-k9", code=2)
    (desk.folder / "circuit" / "circuit.sym").write_text("")
    desk.run("circuit", "check", "perp-k0", "--folder", desk.folder / "circuit", code=3)


def test_no_secret_leaves_the_wallet(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    content = document(size="0.987", entry_price="61234.5", cash="7654.321098")
    del content["position"]["leverage"]
    path = desk.write("position.json", {**content, "label": "canary"})
    desk.commit(path)
    desk.prove(path)
    desk.prove(path, "--demand", demand(desk, 'requirement = "maintenance"\nshock = "40%"'), code=1)
    desk.verify()
    path.unlink()
    kept = Wallet.open(desk.folder / "ringfence.wallet", "a passphrase of the tests").secrets
    position = kept.positions["canary"].committed
    told = capfd.readouterr()
    written = [told.out.encode(), told.err.encode()]
    written += [each.read_bytes() for each in desk.folder.rglob("*") if each.is_file() and each.name != "passphrase"]
    numbers = [kept.key, position.salt, position.position_id, position.body, position.owner, position.cash]
    spelled = [str(number) for number in numbers] + ["61234.5", "7654.321098", "a passphrase of the tests", "canary"]
    spelled += [f"{number:x}" for number in numbers[:5]]
    for text in spelled:
        assert not any(text.encode() in content for content in written), text


def test_a_shape_with_other_locks_than_the_position_has_does_not_apply(proved: Desk) -> None:
    assert proved.prove("position.json", name="perp-k1", code=2)["error"]["field"] == "statement"
    assert proved.prove("position.json", "--shape", "K=4", code=2)["error"]["field"] == "statement"


def test_a_witness_is_checked_and_a_forged_one_refused(desk: Desk) -> None:
    request = read_request_file(ROOT / "examples" / "long-btc.json")
    owner, wanted = Secrets(), read_demand(parse_toml(DEMAND_TEXT.encode()))
    kept, published = commit_for_development(request, owner, Publication(), wanted)
    artifact = write_artifact(find_statement("perp-k0"), desk.folder / "circuit")
    inputs = request.subject.assemble(Situation(owner.key, kept, published, wanted))
    wires = artifact.load_program().execute(inputs)
    values = [int.from_bytes(wires[at : at + 32], "little") for at in range(0, len(wires), 32)]
    write_wtns(desk.folder / "honest.wtns", values)
    checked = ("circuit", "check", "perp-k0")
    assert desk.run(*checked, "honest.wtns", "--folder", "circuit")["satisfied"] is True
    place = 1 + artifact.interface.counts.public_inputs
    write_wtns(desk.folder / "forged.wtns", [*values[:place], values[place] + 1, *values[place + 1 :]])
    assert desk.run(*checked, "forged.wtns", "--folder", "circuit", code=1)["satisfied"] is False


@pytest.mark.parametrize(
    ("locks", "place", "asset", "amount"),
    [
        (1, 0, "WBTC", 5 * 10**6),
        pytest.param(2, 0, "WBTC", 5 * 10**6, marks=pytest.mark.slow),
        pytest.param(2, 1, "STETH", 15 * 10**17, marks=pytest.mark.slow),
    ],
)
def test_a_lock_is_released_without_its_position(desk: Desk, locks: int, place: int, asset: str, amount: int) -> None:
    content = json.loads((ROOT / "examples" / "basket.json").read_text())
    del content["position"]["basket"][locks:]
    path = desk.write("basket.json", content)
    desk.commit(path)
    wanted = demand(desk, f'asset = "{asset}"\namount = "{amount}"')
    wanted.write_text(wanted.read_text().replace("[policy]", "[release]"))
    proved = desk.prove(path, "--demand", wanted, "--lock", place, name="release")
    position = desk.prove(path, "--output", "position")
    assert proved["nullifier[0]"] == position[f"nullifier[{place}]"]
    assert proved["position_tag"] != position["position_tag"]
    assert str(amount) in desk.verify("--demand", wanted)["proven"][0]
    wrong = desk.write("wrong.toml", wanted.read_text().replace(str(amount), str(amount + 1)))
    assert desk.verify("--demand", wrong, code=1)["error"]["reason"] == "WRONG_POLICY"
    refused = desk.prove(path, "--demand", wrong, "--lock", place, name="release", code=1)
    assert refused["error"]["field"] == "release_is_of_lock"
    assert desk.verify("position", "--demand", wanted, code=1)["error"]["reason"] == "WRONG_ROOT"
    desk.prove(path, "--demand", wanted, "--lock", 2, name="release", code=2)
    desk.prove(path, "--demand", wanted, code=2)
