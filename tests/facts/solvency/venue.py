"""A small venue: three assets, three markets, two classes of accounts, and its run counted without any circuit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from facts.asset import AssetTier, name_asset, quantise_asset_tiers
from facts.market import MarketTier, quantise_market
from facts.market_root import MarketTree
from facts.solvency.account import (
    AccountPart,
    Balance,
    Debt,
    IsolatedPosition,
    commit_part,
    commit_parts,
    name_holder,
    number_part,
    require_covered,
)
from facts.solvency.challenge import Challenge, Inverses, Pole, draw_challenge
from facts.solvency.header import AccountClass, CoverSource, Header, ListedAsset, ListedMarket
from facts.solvency.marks import AssetLeaf, MarketLeaf, RoundLeaves, hash_policies, make_tables
from facts.solvency.receipt import Receipt, ReceiptPart
from facts.solvency.running import BEGINNING, RunningState
from facts.solvency.shape import AccountShape, BatchShape, TotalShape
from facts.solvency.siblings import siblings_of
from facts.solvency.sums import RunningSums, Sums
from facts.solvency.tables import Tables
from facts.solvency.totals import TotalMode
from facts.tree import ARITY, Tree
from margin.basket import Asset, HaircutTier
from margin.bounds import FINE_SCALE
from margin.contracts import Contract, ContractKind, Side
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy, PriceRule
from margin.position import MarketState
from margin.solvency import HeldPosition
from margin.tiers import Tier, TierRule, TierTable
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

NOW: Final = 1_800_000_000
SALT: Final = bytes(range(1, 33))
PLAIN: Final = AccountShape(2, 4)
LENDING: Final = AccountShape(1, 2, 1)
TOTAL: Final = TotalShape(markets=4, assets=4, tiers=3)
LEVELS: Final = 1

USDT, BTC, ETH = "eip155:1/erc20:usdt", "bip122:main/slip44:0", "eip155:1/slip44:60"
ASSETS: Final = (
    ListedAsset("USDT", 6, 1, CoverSource(USDT, 6)),
    ListedAsset("BTC", 8, 2, CoverSource(BTC, 8)),
    ListedAsset("ETH", 8, None, CoverSource(ETH, 18)),
)
MARKETS: Final = (
    ListedMarket("BTC-USDT", 7, ContractKind.LINEAR, 0),
    ListedMarket("ETH-USDT", 8, ContractKind.LINEAR, 0),
    ListedMarket("BTC-USD", 9, ContractKind.INVERSE, 1),
)


def policy_of(contract: Contract) -> MarketPolicy:
    """A policy of two tiers."""
    tiers = (
        Tier(Fraction(0), Fraction(1, 100), Fraction(1, 200)),
        Tier(Fraction(10**12), Fraction(1, 50), Fraction(1, 100)),
    )
    return MarketPolicy(
        contract=contract,
        table=TierTable(tiers, TierRule.MARGINAL, TierRule.STEP),
        basis=Basis.MARK,
        initial_basis=Basis.ENTRY,
        price_rule=PriceRule.ADVERSE,
        closing_fee_rate=Fraction(5, 10_000),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
        closing_fee_scope=FeeScope.MAINTENANCE,
    )


def market_tiers(
    market_id: int, contract: Contract, mark: int, funding_index: int, currency_id: int
) -> tuple[MarketTier, ...]:
    """The leaves of a market at a mark."""
    state = MarketState(Fraction(mark), Fraction(25), funding_index)
    policy_hash = 2**240 + market_id
    return quantise_market(
        policy_of(contract), state, market_id=market_id, currency_id=currency_id, policy_hash=policy_hash
    )


def asset_tiers(name: str, price: int, unit_value: Fraction, *haircuts: tuple[int, Fraction]) -> tuple[AssetTier, ...]:
    """The leaves of an asset for the first currency."""
    tiers = tuple(HaircutTier(Fraction(floor), rate) for floor, rate in haircuts)
    return quantise_asset_tiers(Asset(price, 10, unit_value, tiers), asset_id=name_asset(name), currency_id=1)


MARKET_TIERS: Final = (
    market_tiers(7, Contract(ContractKind.LINEAR, 10), 6_500_000, -1_000_000, 1),
    market_tiers(8, Contract(ContractKind.LINEAR, 100), 250_000, 75_000, 1),
    market_tiers(9, Contract(ContractKind.INVERSE, 10**12), 6_500_000, 1234, 2),
)
ASSET_TIERS: Final = (
    asset_tiers(USDT, 10_000, Fraction(1, 10**4), (0, Fraction(0))),
    asset_tiers(
        BTC, 6_500_000, Fraction(1, 10**4), (0, Fraction(1, 20)), (10**12, Fraction(1, 10)), (10**13, Fraction(1, 2))
    ),
    asset_tiers(ETH, 250_000, Fraction(1, 10**14), (0, Fraction(1, 10)), (10**11, Fraction(1, 4))),
)
ROUND: Final = MarketTree([tier for tiers in (*MARKET_TIERS, *ASSET_TIERS) for tier in tiers])
LEAVES: Final = RoundLeaves(
    tuple(MarketLeaf(tiers[0], ROUND.path(tiers[0])) for tiers in MARKET_TIERS),
    tuple(tuple(AssetLeaf(tier, ROUND.path(tier)) for tier in tiers) for tiers in ASSET_TIERS),
)
TABLES: Final = make_tables(MARKETS, ASSETS, LEAVES, cover_currency_id=1)


def header_of(*classes: AccountClass, mode: TotalMode = TotalMode.SHOWN) -> Header:
    """The header of a run with these classes."""
    return Header(
        venue="venue.example",
        time=NOW,
        price_root=ROUND.root,
        policy=hash_policies(LEAVES),
        salt=SALT,
        assets=ASSETS,
        markets=MARKETS,
        cover_currency_id=1,
        tables=TABLES.commit(TOTAL),
        total=TOTAL,
        mode=mode,
        levels=LEVELS,
        classes=classes,
    )


HEADER: Final = header_of(
    AccountClass(BatchShape(PLAIN, 8, LEVELS), 2), AccountClass(BatchShape(LENDING, 6, LEVELS), 1)
)


def held(market: int, position: HeldPosition, tables: Tables = TABLES) -> IsolatedPosition:
    """A position as a leaf has it."""
    kind = MARKETS[market].kind
    equity = position.equity(kind, tables.weights[market])
    return IsolatedPosition(market, position.side, position.size, position.quote(kind), equity)


@dataclass(frozen=True)
class Account:
    """An account that fits one part."""

    account_id: str
    positions: tuple[tuple[int, HeldPosition], ...] = ()
    balances: tuple[Balance, ...] = ()
    debts: tuple[Debt, ...] = ()

    def part(self, class_place: int, shape: AccountShape) -> AccountPart:
        """Its part."""
        return AccountPart(
            name_holder(self.account_id),
            name_holder(f"salt of {self.account_id}"),
            number_part(class_place, SALT, self.account_id),
            tuple(held(market, position) for market, position in self.positions),
            self.balances,
            self.debts,
            TABLES.cover(self.balances, self.debts, shape) if shape.debts else None,
        )


ALICE: Final = Account(
    "alice-2017",
    (
        (0, HeldPosition(Side.LONG, 1500, 97_000_000_000, 1_950_000_000, -1_234_567)),
        (2, HeldPosition(Side.SHORT, 700, 10**9, 25_000_000, 55)),
    ),
    (Balance(0, 12_500_000), Balance(1, 3 * 10**8), Balance(2, 7)),
)
BOB: Final = Account(
    "bob@example.org", ((1, HeldPosition(Side.SHORT, 10**6, 2 * 10**13, 10**6, 0)),), (Balance(0, 10**9),)
)
CAROL: Final = Account("carol", (), (Balance(1, 2 * 10**9), Balance(0, 10**6)), (Debt(2, 5 * 10**9),))
DAVE: Final = Account("dave", ((0, HeldPosition(Side.LONG, 0, 0, 5 * 10**6, 0)),), (), ())


# --- A run without circuits --------------------------------------------------------------------------


@dataclass(frozen=True)
class CountedRun:
    """Everything of a run that can be computed: what provers prove, in plain numbers."""

    header: Header
    classes: tuple[tuple[AccountPart, ...], ...]
    tree: Tree
    sums: Sums
    challenge: Challenge
    states: tuple[RunningState, ...]

    @property
    def parts(self) -> list[tuple[AccountPart, AccountShape]]:
        """All parts in the order of the tree."""
        shapes = [each.shape.account for each in self.header.classes]
        return [(part, shape) for shape, parts in zip(shapes, self.classes, strict=True) for part in parts]

    def leaf_of(self, number: int) -> int:
        """The index of the part with a number."""
        return next(index for index, part in place_parts(self.header, self.classes) if part.number == number)


def place_parts(header: Header, classes: Sequence[Sequence[AccountPart]]) -> list[tuple[int, AccountPart]]:
    """Every part with the index of its leaf."""
    placed, first = [], 0
    for each, parts in zip(header.classes, classes, strict=True):
        for place, part in enumerate(parts):
            batch, inside = divmod(place, each.shape.accounts)
            placed.append(((first + batch) * ARITY**header.levels + inside, part))
        first += each.batches
    return placed


def fill_class(accounts: Sequence[Account], place: int, header: Header) -> tuple[AccountPart, ...]:
    """The parts of a class by rising number, padding among them."""
    each = header.classes[place]
    shape = each.shape.account
    cover = TABLES.cover((), (), shape) if shape.debts else None
    missing = each.batches * each.shape.accounts - len(accounts)
    numbers = [number_part(place, SALT, f"padding {number}") for number in range(missing)]
    parts = [account.part(place, shape) for account in accounts]
    parts += [AccountPart.padding(number, cover) for number in numbers]
    return tuple(sorted(parts, key=lambda part: part.number))


def count_run(classes: Sequence[Sequence[AccountPart]], header: Header = HEADER, tables: Tables = TABLES) -> CountedRun:
    """Leaves, tree, sums, challenge and running states of a run."""
    totals, leaves = RunningSums(tables), {}
    for each, parts in zip(header.classes, classes, strict=True):
        committed = commit_parts(parts, each.shape.account)
        for place, part in enumerate(parts):
            require_covered(part)
            totals.add(part, each.shape.account)
            leaf = int.from_bytes(committed[place * FIELD_BYTES : (place + 1) * FIELD_BYTES], "little")
            leaves[part.number] = leaf
    tree = Tree(header.tree_levels, {index: leaves[part.number] for index, part in place_parts(header, classes)})
    sums = totals.close(header.total, salt=2**251 + 5)
    challenge = draw_challenge(header.hash, tree.root, sums.commit())
    inverses = Inverses.of(challenge, tables)
    states, state = [BEGINNING], BEGINNING
    for each, parts in zip(header.classes, classes, strict=True):
        for start in range(0, len(parts), each.shape.accounts):
            for part in parts[start : start + each.shape.accounts]:
                lines, rows = inverses.sum_part(part, each.shape.account)
                state = replace(
                    state,
                    number=part.number,
                    lines=(state.lines + lines) % GROUP_ORDER,
                    rows=(state.rows + rows) % GROUP_ORDER,
                )
            states.append(replace(state, salt=len(states)))
    return CountedRun(header, tuple(map(tuple, classes)), tree, sums, challenge, tuple(states))


def balances_out(run: CountedRun, tables: Tables = TABLES) -> bool:
    """What the statement of the total says of the last state and the sums, mode aside."""
    last, sums, challenge = run.states[-1], run.sums, run.challenge

    def add(pole: Pole, numbers: Sequence[int]) -> int:
        return sum(number * challenge.invert(pole.at(place)) for place, number in enumerate(numbers))

    lines = add(Pole.BALANCE, sums.balances) + add(Pole.DEBT, sums.debts)
    lines += add(Pole.COUNTED, sums.counted) + add(Pole.GAP, sums.gaps)
    elements, rows, tiers = tables.elements(run.header.total), 0, run.header.total.tiers
    for market, lots in enumerate(sums.lots):
        rows += lots * challenge.invert(challenge.mix(Pole.MARKET, market, [elements[2 * market]]))
    lists = elements[2 * run.header.total.markets :]
    for place, uses in enumerate(sums.haircut_uses):
        numbers = lists[4 * place : 4 * place + 4]
        rows += uses * challenge.invert(challenge.mix(Pole.HAIRCUT, place // tiers, numbers))
    prices = lists[4 * len(sums.haircut_uses) :]
    for asset, uses in enumerate(sums.price_uses):
        rows += uses * challenge.invert(challenge.mix(Pole.PRICE, asset, [prices[asset]]))
    settled = [(elements[2 * market + 1], number) for market, number in enumerate(sums.counted)]
    settled += [(asset, FINE_SCALE * number) for asset, number in enumerate(sums.balances)]
    owed = sum(number * challenge.invert(asset) for asset, number in settled)
    owed -= sum(number * challenge.invert(asset) for asset, number in enumerate(sums.owed6))
    borne = sum(number * challenge.invert(elements[2 * market + 1]) for market, number in enumerate(sums.gaps))
    borne -= sum(number * challenge.invert(asset) for asset, number in enumerate(sums.gaps6))
    return not any(each % GROUP_ORDER for each in (lines - last.lines, rows - last.rows, owed, borne))


RUN: Final = count_run((fill_class([ALICE, BOB, DAVE], 0, HEADER), fill_class([CAROL], 1, HEADER)))


def receipt_of(account: Account, class_place: int, run: CountedRun = RUN) -> Receipt:
    """What the venue hands to a holder."""
    shape = run.header.classes[class_place].shape.account
    part = account.part(class_place, shape)
    leaf = run.leaf_of(part.number)
    assert run.tree.leaf(leaf) == commit_part(part, shape)
    siblings = siblings_of(run.tree.path(leaf))
    given = ReceiptPart(leaf, part.salt, account.positions, account.balances, account.debts, siblings)
    return Receipt(account.account_id, run.header.hash, run.tree.root, (given,))
