"""From prices that members saw to roots that hold, by the command line alone."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from facts.asset import AssetTier, name_asset
from facts.committee import Committee, Member, build_committee
from facts.committee_document import describe_committee, render_moment
from facts.key_file import Algorithm, Role, create_key
from facts.lock_root import build_lock_tree, chain_root
from facts.market import MarketTier
from facts.policy_commitment import hash_policy
from facts.sealed_file import Cost
from facts.signed import Purpose
from facts.stored_tree.keeper import TreeKeeper
from margin.documents.published import load_policy
from prover.publication import Chain, Publication, write_publication
from ringfence.cli.entry import run
from tests.facts.test_round_leaves import FIRST
from tests.verifier.claims import IDENTITY
from tests.verifier.served_registry import serve_registry
from verifier.registry import Registry
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file
from verifier.trust import read_trust

CHEAP = Cost(log2_n=14)
PASSPHRASE = "a passphrase of these tests"  # noqa: S105
POLICY, MARKET = "bybit-linear", "BTCUSDT"
PRICE, CONFIDENCE = 6_500_000, 650
BITCOIN = "market:BTC-USD"
Run = Callable[..., Any]


def name_market_policy() -> int:
    """What the leaves of the market name."""
    document = load_policy(POLICY)
    return hash_policy(document, document.market(MARKET).policy)


_KEYS: dict[str, tuple[bytes, bytes]] = {}
"""Made by the first test that wants them: their passphrase costs something."""


def make_key(name: str, moment: int) -> tuple[bytes, bytes]:
    """The file of a member's key, and its public part."""
    if name not in _KEYS:
        with TemporaryDirectory() as folder:
            path = Path(folder, "key")
            made = create_key(path, Role.MEMBER, Algorithm.ED25519, PASSPHRASE, moment=moment, cost=CHEAP)
            _KEYS[name] = path.read_bytes(), made.public_key
    return _KEYS[name]


class Party:
    """A folder with everything that the parties of these tests write down."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.now = int(time.time())
        self._capsys = capsys
        (folder / "passphrase").write_text(PASSPHRASE)
        (folder / "passphrase").chmod(0o600)
        self.governance = self.appoint(Purpose.GOVERNANCE, "governance.example", 3, 2, 3)
        self.oracle = self.appoint(Purpose.ORACLE, "prices.example", 3, 2, 3)
        self.venue = self.appoint(Purpose.VENUE, "venue.example", 1, 1, 1)
        self.watchers = self.appoint(Purpose.WATCHERS, "chain:1", 2, 2, 2)
        self.write("trust.json", self.trust)

    def appoint(
        self, purpose: Purpose, scope: str, count: int, threshold: int, quorum: int, after: Committee | None = None
    ) -> Committee:
        """Keys and a document for a committee; those of one that follows are called later."""
        name = purpose if after is None else f"later_{purpose}"
        members = []
        for place in range(count):
            content, public_key = make_key(f"{name}-{place}", self.now)
            self.write_bytes(f"{name}-{place}.key", content)
            members.append(Member(public_key, self.now - 100, self.now + 10_000))
        active_from = self.now - (100 if after is None else 60)
        committee = build_committee(
            purpose, scope, members, threshold=threshold, quorum=quorum, active_from=active_from, after=after
        )
        self.write(f"{name}.json", describe_committee(committee))
        return committee

    @property
    def trust(self) -> dict[str, object]:
        """Whom the registry believes."""
        share = {"max_confidence": "0.2%", "max_deviation": "5%", "max_spread": "1%"}
        return {
            "format": "ringfence.trust/1",
            "governance": {"digest": self.governance.digest.hex(), "committee": describe_committee(self.governance)},
            "book": {"venue": "venue.example", "max_age_seconds": 600},
            "market": {"oracle": "prices.example", "max_age_seconds": 600},
            "feeds": [{"name": BITCOIN, "max_age_seconds": 600, **share}],
            "chains": [{"chain_id": 1, "slot": 0, "max_age_seconds": 600}],
            "markets": [{"market_id": 7, "feed": BITCOIN, "price_rule": "adverse"}],
            "assets": [{"asset": "usd", "currency_id": 1, "unit_value": "1"}],
        }

    def write_bytes(self, name: str, content: bytes) -> None:
        """A file that nobody else may read."""
        (self.folder / name).touch(mode=0o600)
        (self.folder / name).write_bytes(content)

    def write(self, name: str, content: object) -> Path:
        """A document."""
        (self.folder / name).write_text(json.dumps(content))
        return self.folder / name

    def publish_folder(self, low: int = PRICE - CONFIDENCE) -> Path:
        """The leaves of everybody."""
        terms = replace(FIRST, low_price=low, high_price=PRICE + CONFIDENCE, policy_hash=name_market_policy())
        facts: list[MarketTier | AssetTier] = [terms, AssetTier(name_asset("usd"), 1, 10**18, 0, 0, 0, 10**20)]
        write_publication(self.folder / "facts", Publication([11, 12], facts, [Chain(1, [21, 22])]))
        return self.folder / "facts"

    def see(self, price: int = PRICE) -> Path:
        """What a member saw."""
        seen = {"feed": BITCOIN, "price": price, "confidence": CONFIDENCE, "observed_at": render_moment(self.now)}
        return self.write("prices.json", {"format": "ringfence.prices/1", "prices": [seen]})

    def __call__(self, *words: object, exit_code: int = 0) -> Any:  # noqa: ANN401 - a document
        """What ``ringfence registry`` says."""
        found = run(["registry", *map(str, words), "--json"])
        said = self._capsys.readouterr().out
        assert found == exit_code, said
        return json.loads(said)

    def sign(self, kind: str, signer: str, output: str, *words: object, exit_code: int = 0) -> Any:  # noqa: ANN401
        """What a member signs with one key; ``signer`` is the file of its key."""
        committee = self.folder / f"{signer.partition('-')[0]}.json"
        key, passphrase = self.folder / f"{signer}.key", self.folder / "passphrase"
        named = ("--committee", committee, "--key", key, "--passphrase-file", passphrase, "-o", self.folder / output)
        return self("sign", kind, *words, *named, exit_code=exit_code)


@pytest.fixture
def party(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Party:
    return Party(tmp_path, capsys)


@pytest.fixture
def reach(party: Party, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A registry that is served, and the words that name it."""
    create_file(tmp_path / "store.db")
    database = SQLiteDatabase(tmp_path / "store.db")
    upgrade_store(database, IDENTITY)
    registry = Registry(database, IDENTITY, read_trust(party.trust), lambda: int(time.time()))
    with serve_registry(registry, lambda: int(time.time())) as server:
        yield "--set", f"connection.address=127.0.0.1:{server.port}", "--set", "connection.plaintext=true"
    database.close()


def test_members_sign_alone_and_one_publishes(party: Party, reach: tuple[str, ...]) -> None:
    folder = party.folder
    for name in ("oracle", "venue", "watchers"):
        for place in range(3):
            party.sign("appointment", f"governance-{place}", f"{name}-{place}.fact", folder / f"{name}.json")
        parts = [folder / f"{name}-{place}.fact" for place in range(3)]
        appointed = party("publish", "appointment", *parts, *reach)
        assert appointed["epoch"] == 1
        assert appointed["committee"] == party("committee", folder / f"{name}.json")["digest"]

    terms = ("--venue", "venue.example", "--market-id", 7, "--market", MARKET, "--version", 1)
    begins = ("--active-from", render_moment(party.now - 50))
    for place in range(2):
        party.sign("policy", f"governance-{place}", f"policy-{place}.fact", POLICY, *terms, *begins)
    policy = folder / "policy.fact"
    party("show", folder / "policy-0.fact", folder / "policy-1.fact", "-o", policy)
    assert party("publish", "policy", policy, *reach)["policy_hash"] == f"{name_market_policy():064x}"

    facts, trust = party.publish_folder(), ("--trust", folder / "trust.json")
    reports: list[object] = []
    for place in range(3):
        party.sign("report", f"oracle-{place}", f"report-{place}.fact", party.see(), "--sequence", 1, *trust)
        reports += ["--report", folder / f"report-{place}.fact"]
    told = (facts, "--sequence", 1, *trust, *reports, "--policy", policy)
    party.sign("market", "oracle-0", "round-0.fact", *told)
    for place in (1, 2):
        party.sign("market", f"oracle-{place}", f"round-{place}.fact", *told, "--join", folder / "round-0.fact")
    rounds = [folder / f"round-{place}.fact" for place in range(3)]
    shown = party("show", *rounds)
    assert len(shown["signers"]) == 3
    assert shown["prices"][0]["price"] == PRICE
    assert party("publish", "market", *rounds[:2], *reach, exit_code=1)["error"]["reason"] == "JUMP_TOO_LARGE"
    published = party("publish", "market", *rounds, *reach)
    assert published["market_root"] == shown["root"]
    assert party("publish", "market", *rounds, *reach) == published

    party.sign("book", "venue-0", "book.fact", facts, "--sequence", 1)
    assert party("publish", "book", folder / "book.fact", *reach)["sequence"] == 1
    block = ("--chain-id", 1, "--block", 100, "--block-hash", "0x" + "ab" * 32, "--final-block", 140)
    moment = ("--at", render_moment(party.now))
    for place in range(2):
        party.sign("locks", f"watchers-{place}", f"locks-{place}.fact", facts, *block, *moment)
    party("publish", "locks", folder / "locks-0.fact", folder / "locks-1.fact", *reach)

    roots = party("roots", *reach, "-o", folder / "kept")
    assert {name: roots[name]["root"] for name in roots} == {
        name.replace("lock", "locks"): value
        for name, value in json.loads((facts / "roots.json").read_text()).items()
        if name != "format"
    }
    assert party("show", folder / "kept" / "market-0.fact")["root"] == shown["root"]
    assert int(party("show", folder / "kept" / "locks-0.fact")["root"]) == chain_root(build_lock_tree({0: [21, 22]}), 0)

    gone = party.oracle.members[0].key.hex()
    for place in range(2):
        party.sign("revocation", f"governance-{place}", f"gone-{place}.fact", gone)
    party("publish", "revocation", folder / "gone-0.fact", folder / "gone-1.fact", *reach)
    assert party("roots", *reach)["market"] is None


def test_o2_a_member_signs_nothing_but_what_its_own_leaves_say(party: Party) -> None:
    folder, trust = party.folder, ("--trust", party.folder / "trust.json")
    begins = ("--active-from", render_moment(party.now - 50))
    terms = ("--venue", "venue.example", "--market-id", 7, "--market", MARKET, "--version", 1)
    party.sign("policy", "governance-0", "policy.fact", POLICY, *terms, *begins)
    joined = ("--join", folder / "policy.fact")
    party.sign("policy", "governance-1", "policy.fact", POLICY, *terms, *begins, *joined)
    reports: list[object] = []
    for place in range(3):
        party.sign("report", f"oracle-{place}", f"report-{place}.fact", party.see(), "--sequence", 1, *trust)
        reports += ["--report", folder / f"report-{place}.fact"]
    policy = ("--policy", folder / "policy.fact")

    def attempt(*words: object, facts: Path) -> tuple[str, str]:
        said = party.sign("market", "oracle-0", "round.fact", facts, "--sequence", 1, *trust, *words, exit_code=1)
        return said["error"]["reason"], said["error"]["field"]

    assert attempt(*reports, *policy, facts=party.publish_folder(PRICE)) == (
        "CONFLICTING_FIELDS",
        "markets[7].low_price",
    )
    assert attempt(*reports, facts=party.publish_folder()) == ("UNKNOWN_POLICY", "markets[7]")
    assert attempt(*reports[:2], *policy, facts=party.publish_folder())[0] == "TOO_FEW_SIGNERS"
    party.sign("market", "oracle-0", "round.fact", party.publish_folder(), "--sequence", 1, *trust, *reports, *policy)
    roots = json.loads((folder / "facts" / "roots.json").read_text())
    party.write("facts/roots.json", {**roots, "market": "5"})
    assert attempt(*reports, *policy, facts=folder / "facts") == ("WRONG_ROOT", "roots.json")
    joined = ("--join", folder / "round.fact")
    other = party.publish_folder()
    write_publication(other, Publication([11], [FIRST], []))
    assert attempt(*reports, *policy, *joined, facts=other)[0] in {"CONFLICTING_FIELDS", "WRONG_POLICY"}


def test_a_document_of_several_markets_wants_the_name_of_one(party: Party) -> None:
    terms = ("--venue", "venue.example", "--market-id", 7, "--version", 1, "--active-from", render_moment(party.now))
    said = party.sign("policy", "governance-0", "policy.fact", POLICY, *terms, exit_code=2)
    assert (said["error"]["reason"], said["error"]["field"]) == ("MISSING_FIELD", "market")
    said = party.sign("policy", "governance-0", "policy.fact", POLICY, *terms, "--market", "NOBODY", exit_code=2)
    assert said["error"]["reason"] == "UNKNOWN_MARKET"


def test_a_later_governance_is_known_by_its_appointment(party: Party) -> None:
    folder, now = party.folder, party.now
    later = party.appoint(Purpose.GOVERNANCE, "governance.example", 1, 1, 1, after=party.governance)
    for place in range(3):
        joined = ("--join", folder / "appointed.fact") if place else ()
        document = folder / "later_governance.json"
        party.sign("appointment", f"governance-{place}", "appointed.fact", document, *joined)
        if place == 1:
            (folder / "too-few.fact").write_bytes((folder / "appointed.fact").read_bytes())
    terms = ("--venue", "venue.example", "--market-id", 7, "--market", MARKET, "--active-from", render_moment(now - 50))
    party.sign("policy", "later_governance-0", "policy.fact", POLICY, *terms, "--version", 1)
    told: list[object] = ["--trust", folder / "trust.json", "--policy", folder / "policy.fact", "--sequence", 1]
    for place in range(3):
        words = (party.see(), "--sequence", 1, "--trust", folder / "trust.json")
        party.sign("report", f"oracle-{place}", f"report-{place}.fact", *words)
        told += ["--report", folder / f"report-{place}.fact"]
    facts = party.publish_folder()
    said = party.sign("market", "oracle-0", "round.fact", facts, *told, exit_code=1)
    assert said["error"]["reason"] == "WRONG_COMMITTEE"
    few = ("--appointment", folder / "too-few.fact")
    said = party.sign("market", "oracle-0", "round.fact", facts, *told, *few, exit_code=1)
    assert said["error"]["reason"] == "TOO_FEW_SIGNERS"
    appointed = ("--appointment", folder / "appointed.fact")
    party.sign("market", "oracle-0", "round.fact", facts, *told, *appointed)
    for signer, gone in (("oracle", party.oracle.members[0].key), ("policy", later.members[0].key)):
        for place in range(2):
            joined = ("--join", folder / f"{signer}-gone.fact") if place else ()
            party.sign("revocation", f"governance-{place}", f"{signer}-gone.fact", gone.hex(), *joined)
        revoked = ("--revocation", folder / f"{signer}-gone.fact")
        said = party.sign("market", "oracle-0", "round.fact", facts, *told, *appointed, *revoked, exit_code=1)
        assert said["error"]["reason"] == "REVOKED_SIGNER"


def test_a_key_signs_for_its_own_committee_alone(party: Party) -> None:
    words = (party.folder / "oracle.json", "--committee", party.folder / "governance.json")
    key = ("--key", party.folder / "oracle-0.key", "--passphrase-file", party.folder / "passphrase")
    said = party("sign", "appointment", *words, *key, "-o", party.folder / "x.fact", exit_code=2)
    assert said["error"]["reason"] == "UNKNOWN_SIGNER"
    assert not (party.folder / "x.fact").exists()


def test_what_was_joined_has_to_be_the_same(party: Party) -> None:
    first = party.publish_folder()
    party.sign("book", "venue-0", "book.fact", first, "--sequence", 1)
    joined = ("--join", party.folder / "book.fact")
    said = party.sign("book", "venue-0", "book.fact", first, "--sequence", 2, *joined, exit_code=1)
    assert said["error"]["reason"] == "CONFLICTING_FIELDS"
    said = party.sign(
        "locks",
        "watchers-0",
        "locks.fact",
        first,
        *joined,
        exit_code=2,
    )
    assert said["error"]["reason"] in {"WRONG_MESSAGE", "USAGE"}
    data = bytearray((party.folder / "book.fact").read_bytes())
    data[-1] ^= 1
    (party.folder / "book.fact").write_bytes(data)
    assert party("show", party.folder / "book.fact", exit_code=1)["error"]["reason"] == "WRONG_SIGNATURE"


def test_nobody_there_is_told(party: Party) -> None:
    party.sign("book", "venue-0", "book.fact", party.publish_folder(), "--sequence", 1)
    said = ("connection.address=127.0.0.1:1", "connection.plaintext=true", "connection.attempts=1")
    nowhere = [word for each in said for word in ("--set", each)]
    assert party("publish", "book", party.folder / "book.fact", *nowhere, exit_code=2)["error"]["field"] == "connection"
    said = party("publish", "market", party.folder / "book.fact", *nowhere, exit_code=2)
    assert said["error"]["reason"] == "WRONG_MESSAGE"


def test_a_stored_tree_is_signed_by_its_newest_root(party: Party, tmp_path: Path) -> None:
    with TreeKeeper.create(tmp_path / "tree", 8) as keeper:
        root = keeper.update({5: 21, 9: 22})
    block = ("--chain-id", 1, "--block", 100, "--block-hash", "ab" * 32, "--final-block", 140)
    assert party.sign("book", "venue-0", "book.fact", tmp_path / "tree", "--sequence", 1)["root"] == str(root)
    assert party.sign("locks", "watchers-0", "locks.fact", tmp_path / "tree", *block)["root"] == str(root)
    TreeKeeper.create(tmp_path / "small", 3).close()
    said = party.sign("book", "venue-0", "b.fact", tmp_path / "small", "--sequence", 1, exit_code=2)
    assert (said["error"]["reason"], said["error"]["field"]) == ("WRONG_COUNT", "levels")
