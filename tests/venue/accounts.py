"""The ledger at the end of a day as ``ringfence solvency`` takes it, and what is owed by plain addition."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from facts.signed import Signed
from facts.solvency.reserves import Reserve
from margin.contracts import ContractKind
from prover.publication import Publication, write_publication
from tests.facts.specimens import AUDIT, AUDITORS, signed_by
from tests.venue.ledger import LONG, Ledger, Row, worth
from tests.venue.markets import CURRENCIES, CURRENCY_NAMES, DOLLAR, MARKETS, PPM, Round

VENUE: Final = "venue.example"


@dataclass(frozen=True, slots=True)
class Liabilities:
    """What the venue owes of each currency, and what positions lost beyond their collateral, in 1e-6 units."""

    owed6: dict[int, int]
    gaps6: dict[int, int]


def equity6(row: Row, now: Round) -> int:
    """Equity in 1e-6 units: a lot at the nearest of them, funding exactly."""
    mark, index = now.of(row.market)
    lot = worth(row.market, 1, mark) * PPM
    value = (2 * lot.numerator + lot.denominator) // (2 * lot.denominator)
    funding = row.side * row.size * (index - row.index)
    return PPM * (row.cash - row.slope * row.entry) + row.slope * row.size * value - funding


def add_up(ledger: Ledger, now: Round) -> Liabilities:
    """All wallets whole, and every position at no less than nothing."""
    owed, gaps = dict.fromkeys(CURRENCIES, 0), dict.fromkeys(CURRENCIES, 0)
    for (_, currency), amount in ledger.wallets.items():
        owed[currency] += PPM * amount
    for row in ledger.rows.values():
        owed[row.currency] += max(0, equity6(row, now))
        gaps[row.currency] += max(0, -equity6(row, now))
    return Liabilities(owed, gaps)


def write_accounts(ledger: Ledger, path: Path) -> None:
    """One object a line for each owner."""
    positions = defaultdict(list)
    for (owner, _), row in ledger.rows.items():
        positions[owner].append(row)
    owners = sorted({owner for owner, _ in ledger.wallets})
    lines = (
        {
            "account": f"owner-{owner:04}",
            "positions": [describe_row(row) for row in positions[owner]],
            "balances": [
                {"asset": CURRENCY_NAMES[currency], "amount": str(ledger.wallets[owner, currency])}
                for currency in CURRENCIES
            ],
            "debts": [],
        }
        for owner in owners
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def describe_row(row: Row) -> dict[str, object]:
    """A position as the file has it."""
    return {
        "market": MARKETS[row.market].name,
        "side": "long" if row.side == LONG else "short",
        "size": row.size,
        "entry_notional": str(row.entry),
        "cash": str(row.cash),
        "funding_index": row.index,
    }


def write_venue(path: Path, accounts: int) -> None:
    """What the accounts refer to; so many parts of accounts for each batch."""
    assets = [
        f'[[assets]]\nname = "{CURRENCY_NAMES[each]}"\ndecimals = {decimals_of(each)}\ncurrency_id = {each}\n'
        for each in CURRENCIES
    ]
    markets = [
        f'[[markets]]\nname = "{market.name}"\nmarket_id = {market.market_id}\n'
        f'kind = "{"linear" if market.policy.contract.kind is ContractKind.LINEAR else "inverse"}"\n'
        f'settlement = "{CURRENCY_NAMES[market.currency]}"\n'
        for market in MARKETS.values()
    ]
    head = f'format = "ringfence.venue/1"\nvenue = "{VENUE}"\n'
    path.write_text("\n".join([head, *assets, *markets, f"[proof]\naccounts = {accounts}\n"]))


def publish_round(now: Round, folder: Path) -> None:
    """The prices of the round, as an oracle publishes them."""
    write_publication(folder, Publication(facts=now.leaves()))


def attest_reserves(ledger: Ledger, time: int) -> list[Signed[Reserve]]:
    """All the money that the venue holds, as an auditor signs it."""
    said = (
        Reserve(AUDIT.scope, AUDIT.digest, VENUE, CURRENCY_NAMES[currency], decimals_of(currency), "vault", held, time)
        for currency, held in ledger.totals().items()
    )
    return [signed_by(each, AUDITORS[:2]) for each in said]


def decimals_of(currency: int) -> int:
    """In how many decimals amounts are counted."""
    return 6 if currency == DOLLAR else 8
