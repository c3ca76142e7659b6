"""What made-up accounts refer to: a venue's document and an oracle's round that nobody signed, as files."""

from fractions import Fraction
from pathlib import Path
from typing import Final

from facts.asset import UNITS_OF_A_RATE, AssetTier, name_asset, quantise_asset_tiers
from facts.bounds import NO_CEILING
from facts.elements import derive_element
from facts.market import MarketTier, RequirementTerms
from facts.market_root import Fact
from margin.basket import Asset, HaircutTier
from margin.bounds import PPM
from margin.contracts import Contract
from margin.policy import Basis, FeeBasis
from prover.publication import Publication, write_publication, write_text
from prover.solvency.generating import ASSETS, MARKETS, TrialAsset, TrialMarket
from prover.solvency.venue_document import VENUE_FORMAT

VENUE, FACTS = "venue.toml", "facts"
PLACES: Final = ("markets = 8", "assets = 8")
CURRENCIES: Final = {"USDT": 1, "BTC": 2}
COVER_CURRENCY: Final = 1
LARGE: Final = Fraction(1_000_000 * 10**6)
"""Money units: what a holder has of an asset beyond it counts for less."""
REQUIREMENTS_PPM: Final = (20_000, 10_000)


def write_trial(folder: Path, accounts: int, *, lends: bool) -> None:
    """The document and the round beside the accounts; batches of so many."""
    write_publication(folder / FACTS, Publication(facts=list_facts()))
    write_text(folder / VENUE, render_venue(accounts, lends=lends))


def list_facts() -> list[Fact]:
    """Every market and every asset as an oracle would attest it."""
    markets = [attest_market(each) for each in MARKETS.values()]
    assets = [tier for name, asset in ASSETS.items() for tier in attest_asset(name, asset)]
    return [*markets, *assets]


def attest_market(market: TrialMarket) -> MarketTier:
    """The one leaf of a market, which has one tier."""
    initial, maintenance = (RequirementTerms(ppm, 0, 0, Basis.MARK, FeeBasis.MARK) for ppm in REQUIREMENTS_PPM)
    return MarketTier(
        market_id=market.market,
        currency_id=CURRENCIES[market.settlement],
        contract=Contract(market.kind, market.multiplier),
        low_price=market.mark,
        high_price=market.mark,
        funding_index=market.funding_index,
        floor=0,
        ceiling=NO_CEILING,
        initial=initial,
        maintenance=maintenance,
        policy_hash=derive_element("policy of the trial"),
    )


def attest_asset(name: str, asset: TrialAsset) -> tuple[AssetTier, ...]:
    """The leaves of an asset: twice the haircut on what is more than a million."""
    rates = (Fraction(times * asset.haircut_ppm, PPM) for times in (1, 2))
    haircuts = tuple(HaircutTier(floor, rate) for floor, rate in zip((Fraction(0), LARGE), rates, strict=True))
    attested = Asset(price=1, confidence=0, unit_value=Fraction(asset.rate, UNITS_OF_A_RATE), haircuts=haircuts)
    return quantise_asset_tiers(attested, asset_id=name_asset(source_of(name)), currency_id=COVER_CURRENCY)


def source_of(name: str) -> str:
    """What an asset of the trial is called everywhere."""
    return f"trial/{name.lower()}"


def render_venue(accounts: int, *, lends: bool) -> str:
    """The document of the venue."""
    head = [f'format = "{VENUE_FORMAT}"', 'venue = "venue.example"']
    if lends:
        head.append(f"cover_currency_id = {COVER_CURRENCY}")
    assets = [line for name, asset in ASSETS.items() for line in render_asset(name, asset, lends=lends)]
    markets = [line for name, market in MARKETS.items() for line in render_market(name, market)]
    return "\n".join([*head, *assets, *markets, "", "[proof]", f"accounts = {accounts}", *PLACES, ""])


def render_asset(name: str, asset: TrialAsset, *, lends: bool) -> list[str]:
    """An asset of the document."""
    lines = ["", "[[assets]]", f'name = "{name}"', f"decimals = {asset.decimals}"]
    if name in CURRENCIES:
        lines.append(f"currency_id = {CURRENCIES[name]}")
    if lends:
        lines.append(f'source = {{ asset = "{source_of(name)}", decimals = {asset.decimals} }}')
    return lines


def render_market(name: str, market: TrialMarket) -> list[str]:
    """A market of the document."""
    return [
        "",
        "[[markets]]",
        f'name = "{name}"',
        f"market_id = {market.market}",
        f'kind = "{market.kind.value}"',
        f'settlement = "{market.settlement}"',
    ]
