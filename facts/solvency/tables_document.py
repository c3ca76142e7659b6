"""Tables as they are published: the leaves that they are made of, with their paths, in JSON.

    {"format": "ringfence.solvency-tables/1",
     "markets": [{"tier": {"market_id": 7, "currency_id": 1, "kind": "linear", "multiplier": "10", ...},
                  "index": 12, "siblings": "base64..."}],
     "assets": [[{"tier": {"asset": "...", "currency_id": 1, "rate": "...", ...}, "index": 40, "siblings": "..."}]]}

Nothing in it is believed: ``require_tables`` leads every leaf to the price root of the header. Numbers that may be
larger than what JSON readers hold exactly are decimal texts.
"""

import json
from typing import Final

from facts.asset import AssetTier, commit_asset_tier
from facts.bounds import CURRENCY_ID_BITS, MARKET_ID_BITS
from facts.market import MarketTier, RequirementTerms, commit_market_tier
from facts.market_root import MARKET_LEVELS
from facts.packing import DEDUCTION_BITS
from facts.roots import read_element
from facts.solvency.marks import AssetLeaf, MarketLeaf, RoundLeaves
from facts.solvency.shape import MOST_ASSETS, MOST_MARKETS
from facts.solvency.siblings import lead_up, read_siblings, siblings_of, write_siblings
from facts.tree import ARITY, Path
from margin.bounds import (
    MAX_FUNDING_INDEX,
    MAX_HAIRCUT_TIERS,
    MAX_MONEY,
    MAX_MULTIPLIER,
    MAX_PRICE,
    MONEY_BITS,
    PPM,
    require_integer,
)
from margin.contracts import Contract, ContractKind
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from margin.policy import Basis, FeeBasis

TABLES_FORMAT: Final = "ringfence.solvency-tables/1"
LONGEST_NUMBER: Final = 40
"""Digits of 2^128 and a sign."""


def render_tables(leaves: RoundLeaves) -> str:
    """The document."""
    markets = [{"tier": describe_market_tier(leaf.tier), **describe_path(leaf.path)} for leaf in leaves.markets]
    assets = [
        [{"tier": describe_asset_tier(leaf.tier), **describe_path(leaf.path)} for leaf in each]
        for each in leaves.assets
    ]
    document = {"format": TABLES_FORMAT, "markets": markets, "assets": assets}
    return json.dumps(document, separators=(",", ":")) + "\n"


def describe_path(path: Path) -> dict[str, object]:
    """Where a leaf stands."""
    return {"index": path.index, "siblings": write_siblings(siblings_of(path))}


def describe_market_tier(tier: MarketTier) -> dict[str, object]:
    """A tier of a market."""
    return {
        "market_id": tier.market_id,
        "currency_id": tier.currency_id,
        "kind": tier.contract.kind.value,
        "multiplier": str(tier.contract.multiplier),
        "low_price": str(tier.low_price),
        "high_price": str(tier.high_price),
        "funding_index": str(tier.funding_index),
        "floor": str(tier.floor),
        "ceiling": str(tier.ceiling),
        "initial": describe_requirement(tier.initial),
        "maintenance": describe_requirement(tier.maintenance),
        "policy_hash": str(tier.policy_hash),
    }


def describe_requirement(terms: RequirementTerms) -> dict[str, object]:
    """A requirement."""
    return {
        "rate_ppm": terms.rate_ppm,
        "deduction": str(terms.deduction),
        "fee_ppm": terms.fee_ppm,
        "basis": terms.basis.name.lower(),
        "fee_basis": terms.fee_basis.name.lower(),
    }


def describe_asset_tier(tier: AssetTier) -> dict[str, object]:
    """A tier of an asset."""
    return {
        "asset": str(tier.asset),
        "currency_id": tier.currency_id,
        "rate": str(tier.rate),
        "haircut_ppm": tier.haircut_ppm,
        "add_back": str(tier.add_back),
        "floor": str(tier.floor),
        "ceiling": str(tier.ceiling),
    }


# --- Reading -----------------------------------------------------------------------------------------


def read_tables(content: object, levels: int = MARKET_LEVELS) -> RoundLeaves:
    """A tables document, checked to the last field."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != TABLES_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{TABLES_FORMAT}"')
        markets = tuple(read_market_leaf(each, levels) for each in fields.items("markets", MOST_MARKETS))
        assets = fields.take_required("assets", "a list")
        if not isinstance(assets, list):
            raise MalformedError(Reason.NOT_A_LIST, "assets", found=assets, expected="a list of lists")
        if len(assets) > MOST_ASSETS:
            raise MalformedError(Reason.WRONG_COUNT, "assets", found=len(assets), expected=f"at most {MOST_ASSETS}")
        tiers = (Fields({"tiers": each}, f"assets[{place}]") for place, each in enumerate(assets))
        return RoundLeaves(markets, tuple(read_asset_leaves(each, levels) for each in tiers))


def read_asset_leaves(fields: Fields, levels: int) -> tuple[AssetLeaf, ...]:
    """All tiers of an asset."""
    with fields:
        return tuple(read_asset_leaf(each, levels) for each in fields.items("tiers", MAX_HAIRCUT_TIERS))


def read_market_leaf(fields: Fields, levels: int) -> MarketLeaf:
    """A leaf of a market."""
    with fields:
        tier = read_market_tier(fields.inner("tier"))
        return MarketLeaf(tier, read_path(fields, commit_market_tier(tier), levels))


def read_asset_leaf(fields: Fields, levels: int) -> AssetLeaf:
    """A leaf of an asset."""
    with fields:
        tier = read_asset_tier(fields.inner("tier"))
        return AssetLeaf(tier, read_path(fields, commit_asset_tier(tier), levels))


def read_path(fields: Fields, leaf: int, levels: int) -> Path:
    """Where a leaf stands."""
    return lead_up(leaf, fields.integer("index", 0, ARITY**levels - 1), read_siblings(fields, "siblings", levels))


def read_market_tier(fields: Fields) -> MarketTier:
    """A tier of a market."""
    with fields:
        kind = fields.choice("kind", ContractKind)
        return MarketTier(
            market_id=fields.integer("market_id", 1, 2**MARKET_ID_BITS - 1),
            currency_id=fields.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1),
            contract=Contract(kind, read_number(fields, "multiplier", 1, MAX_MULTIPLIER)),
            low_price=read_number(fields, "low_price", 1, MAX_PRICE),
            high_price=read_number(fields, "high_price", 1, 2 * MAX_PRICE + 1),
            funding_index=read_number(fields, "funding_index", -MAX_FUNDING_INDEX, MAX_FUNDING_INDEX),
            floor=read_number(fields, "floor", 0, MAX_MONEY),
            ceiling=read_number(fields, "ceiling", 0, MAX_MONEY),
            initial=read_requirement(fields.inner("initial")),
            maintenance=read_requirement(fields.inner("maintenance")),
            policy_hash=read_element(fields, "policy_hash"),
        )


def read_requirement(fields: Fields) -> RequirementTerms:
    """A requirement."""
    with fields:
        return RequirementTerms(
            rate_ppm=fields.integer("rate_ppm", 0, PPM),
            deduction=read_number(fields, "deduction", 0, 2**DEDUCTION_BITS - 1),
            fee_ppm=fields.integer("fee_ppm", 0, PPM),
            basis=fields.choice("basis", Basis),
            fee_basis=fields.choice("fee_basis", FeeBasis),
        )


def read_asset_tier(fields: Fields) -> AssetTier:
    """A tier of an asset."""
    with fields:
        return AssetTier(
            asset=read_element(fields, "asset"),
            currency_id=fields.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1),
            rate=read_number(fields, "rate", 1, 2**MONEY_BITS - 1),
            haircut_ppm=fields.integer("haircut_ppm", 0, PPM),
            add_back=read_number(fields, "add_back", 0, 2**DEDUCTION_BITS - 1),
            floor=read_number(fields, "floor", 0, MAX_MONEY),
            ceiling=read_number(fields, "ceiling", 0, MAX_MONEY),
        )


def read_number(fields: Fields, name: str, low: int, high: int) -> int:
    """A whole number in decimal digits, in its one spelling."""
    text = fields.text(name)
    digits = text.removeprefix("-")
    plain = len(text) <= LONGEST_NUMBER and digits.isascii() and digits.isdecimal()
    if not plain or str(int(text)) != text:
        raise MalformedError(Reason.NOT_AN_INTEGER, name, found=text, expected="a whole number in decimal digits")
    return require_integer(int(text), name, low, high, "a number")
