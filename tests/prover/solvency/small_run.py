"""A small run, proved and published once for all tests that need one: batches of four parts with two balances each."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from facts.committee import Committee, Member, build_committee
from facts.committee_document import COMMITTEE_FORMAT, describe_committee
from facts.ed25519 import SigningKey
from facts.feed import FeedPrice
from facts.market_round import MarketRound
from facts.signed import Purpose, Signed, gather_signatures, sign_statement
from facts.solvency.header import Header, decode_header
from facts.solvency.reserves import Reserve
from prover.solvency.closing import write_reserve
from tests.prover.proofs import Desk
from tests.workers import find_run_folder, making_once

ACCOUNTS = 12
SHAPE = 'shapes = ["p1-b2-d0"]'
AT = "2027-01-15T08:00:00Z"
ATTESTER = SigningKey.of_seed(bytes([7] * 32))
ORACLE = SigningKey.of_seed(bytes([8] * 32))


def name_committee(purpose: Purpose, scope: str, key: SigningKey) -> Committee:
    """One key that speaks, from long before the run until long after it."""
    member = Member(key.public_key, 1_000_000_000, 4_000_000_000)
    return build_committee(purpose, scope, [member], threshold=1, quorum=1, active_from=1_000_000_000)


ATTESTERS = name_committee(Purpose.ATTESTERS, "auditor.example", ATTESTER)
ORACLES = name_committee(Purpose.ORACLE, "prices.example", ORACLE)


@dataclass(frozen=True)
class SmallRun:
    """The folder of a venue: accounts, document and round, and what was published of them."""

    folder: Path
    cache: Path

    @property
    def out(self) -> Path:
        """What everybody may see."""
        return self.folder / "out"

    @property
    def state(self) -> Path:
        """What nobody may see."""
        return self.folder / "out.state"

    @property
    def header(self) -> Header:
        """Of the run."""
        return decode_header((self.out / "header.json").read_bytes())

    def run(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        """A command of ``ringfence solvency`` in the folder."""
        return Desk(self.folder, self.cache).run("solvency", *arguments, code=code)

    def prove(self, *more: object, code: int = 0) -> dict[str, Any]:
        """The whole run."""
        return self.run(
            "prove", "--accounts", "accounts.csv", "--out", "out", "--at", AT, "--development", *more, code=code
        )

    def copy(self, folder: Path) -> Path:
        """What was published, to be altered."""
        return shutil.copytree(self.out, folder / "published")

    def copy_all(self, folder: Path) -> "SmallRun":
        """Everything, to be gone on with."""
        return SmallRun(shutil.copytree(self.folder, folder / "venue"), self.cache)

    def attest(self, asset: str, amount: int, changes: Mapping[str, Any] = MappingProxyType({})) -> Signed[Reserve]:
        """What an attester says of an asset, with changes."""
        decimals = next(each.decimals for each in self.header.assets if each.name == asset)
        said: dict[str, Any] = {
            "scope": ATTESTERS.scope,
            "committee": ATTESTERS.digest,
            "venue": self.header.venue,
            "asset": asset,
            "decimals": decimals,
            "place": f"vault/{asset}",
            "amount": amount,
            "time": self.header.time,
            **changes,
        }
        reserve = Reserve(**said)
        return gather_signatures(reserve, [sign_statement(reserve, ATTESTER)])

    def attest_enough(self) -> list[Signed[Reserve]]:
        """So much of every asset that nothing is owed beyond it."""
        return [self.attest(asset.name, 10**15) for asset in self.header.assets]

    def sign_round(self) -> Signed[MarketRound]:
        """The round of the run as its oracle signs it."""
        price = FeedPrice("BTC-USDT", 950_000, 0, self.header.time)
        stated = MarketRound(ORACLES.scope, ORACLES.digest, 1, self.header.time, self.header.price_root, (price,))
        return gather_signatures(stated, [sign_statement(stated, ORACLE)])


def write_reserves(folder: Path, signed: list[Signed[Reserve]]) -> None:
    """Statements of reserves beside what was published."""
    for each in signed:
        write_reserve(folder / "reserves", each)


def write_facts(folder: Path, signed: list[Signed[Reserve]]) -> list[Path]:
    """The same as files to be given to a command."""
    (folder / "given").mkdir()
    return [write_reserve(folder / "given", each) for each in signed]


def write_committee(folder: Path, committee: Committee) -> Path:
    """The document of a committee."""
    path = folder / f"{committee.purpose.value}.json"
    path.write_text(json.dumps({"format": COMMITTEE_FORMAT, **describe_committee(committee)}))
    return path


def make_venue(folder: Path, cache: Path, accounts: int = ACCOUNTS) -> SmallRun:
    """Made-up accounts, with a document of the smallest shape."""
    small = SmallRun(folder, cache)
    small.run("generate", "--accounts", accounts, "--out", "accounts.csv", "--no-debts", "--batch", 4, "--seed", 3)
    venue = folder / "venue.toml"
    text = venue.read_text().replace("markets = 8", "markets = 4").replace("assets = 8", f"assets = 5\n{SHAPE}")
    venue.write_text(text)
    return small


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> SmallRun:
    """The run, proved for whichever test wants it first; nobody alters it."""
    venue = find_run_folder(tmp_path_factory) / "venue-of-a-small-run"
    with making_once(venue) as is_missing:
        if is_missing:
            begun = venue.with_name("begun")
            begun.mkdir()
            make_venue(begun, circuit_cache).prove()
            begun.rename(venue)
    return SmallRun(venue, circuit_cache)


__all__ = (
    "ATTESTERS",
    "ORACLES",
    "SmallRun",
    "make_venue",
    "small_run",
    "write_committee",
    "write_facts",
    "write_reserves",
)
