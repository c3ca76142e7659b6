"""The vectors that pin the format, computed anew: ``python -m tests.facts.vectors`` prints the file.

A change of this file is a change of the format: nobody who holds an old commitment can open it any more.
"""

import json
from fractions import Fraction

from facts.asset import AssetTier, commit_asset_tier, name_asset, quantise_asset_tiers
from facts.book_root import build_book
from facts.commitments import (
    CommittedPosition,
    Lock,
    PerpetualBody,
    commit_lock,
    commit_lock_owner,
    commit_owner,
    commit_position,
    commit_release,
    derive_nullifier,
    encode_cash,
    tag_position,
)
from facts.context import Binding, commit_context, name_domain
from facts.deleverage import StatedDeleverage, commit_entry
from facts.instrument import InstrumentFact, commit_instrument
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.lock_root import build_lock_tree
from facts.market import MarketTier, commit_market_tier, quantise_market
from facts.market_root import MarketTree
from facts.packing import SETTLEMENT, WALLET
from facts.policy import StatementPolicy
from facts.policy_commitment import CommittedTerms, commit_policy
from facts.public_inputs import PublicInputs, identify_claim, input_names, unused_input
from facts.tags import Tag
from facts.transition import (
    Flows,
    commit_absence,
    commit_flows,
    commit_transition,
    derive_absent_birth,
    derive_absent_nullifier,
    derive_birth,
    derive_leaf_nullifier,
    derive_leaf_salt,
)
from facts.tree import Tree, empty_node
from margin.basket import Asset, HaircutTier
from margin.contracts import Contract, ContractKind, Side
from margin.deleverage import PnlBasis
from margin.policy import (
    Basis,
    FeeBasis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    MarketPolicy,
    PriceRule,
)
from margin.position import MarketState
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierRule, TierTable
from snark.bn254.constants import GROUP_ORDER

SECRET = 0x1D6F3C2B5A49788796A5B4C3D2E1F00112233445566778899AABBCCDDEEFF0
OWNER = commit_owner(SECRET)
BODY = PerpetualBody(Side.SHORT, size=1500, entry_notional=97_500_000_000, funding_index=-1_234_567, market_id=7)
POSITION = CommittedPosition(Tag.POSITION_PERP, OWNER, 42, BODY.encode(), cash=1_950_000_000, salt=2**250 + 9)
DOMAIN = name_domain("test")
ETHER = name_asset("eip155:1/slip44:60")
LOCK_OWNER = commit_lock_owner(SECRET, 2**249 + 5)
LOCK = Lock(1, DOMAIN, ETHER, 12 * 10**17, LOCK_OWNER, 3)
NULLIFIER = derive_nullifier(SECRET, commit_lock(LOCK))
BINDING = Binding("verifier.example", 1, bytes(range(20)), bytes(range(20, 40)), 1_893_456_000)
POLICY = StatementPolicy(RequirementKind.MAINTENANCE, shock_ppm=50_000, buffer_ppm=100_000, least_basket_value=10**9)
LIQUIDATED = LiquidationFlows(1, basket=6, slippage=2, settled=-345, fee=12, penalty=34, returned=7, gap=8)
FLOWS = Flows(1, paid_in=1000, paid_out=7, fees=12, settled=-345)

TERMS = CommittedTerms(
    LiquidationRule.LEAST,
    LiquidationTarget.INITIAL,
    penalty_ppm=12_500,
    buffer_ppm=200_000,
    fee_ppm=500,
    fraction_ppm=10**6,
    threshold=10**11,
    tiers_down=1,
)
TIERS = quantise_market(
    MarketPolicy(
        contract=Contract(ContractKind.LINEAR, 10),
        table=TierTable(
            (
                Tier(Fraction(0), Fraction(1, 125), Fraction(1, 250)),
                Tier(Fraction(50_000_000_000), Fraction(1, 100), Fraction(1, 200)),
                Tier(Fraction(600_000_000_000), Fraction(1, 30), Fraction(1, 100)),
            ),
            TierRule.MARGINAL,
            TierRule.STEP,
        ),
        basis=Basis.MARK,
        initial_basis=Basis.ENTRY,
        price_rule=PriceRule.ADVERSE,
        closing_fee_rate=Fraction(5, 10_000),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
        closing_fee_scope=FeeScope.MAINTENANCE,
    ),
    MarketState(Fraction(6_500_000), Fraction(2500), funding_index=-1_000_000),
    market_id=7,
    currency_id=1,
    policy_hash=commit_policy(2**247 + 1, TERMS),
)
ASSETS = quantise_asset_tiers(
    Asset(
        2500_00,
        125,
        Fraction(1, 10**14),
        (HaircutTier(Fraction(0), Fraction(1, 20)), HaircutTier(Fraction(10**12), Fraction(1, 7))),
    ),
    asset_id=ETHER,
    currency_id=1,
)
INSTRUMENT = InstrumentFact(11, 1, tuple((-1) ** i * i**9 for i in range(16)), 1_000_001)


def describe_market_tier(tier: MarketTier) -> dict[str, str]:
    """The inputs of a leaf, and the leaf."""
    return show(
        {
            "terms": tier.encode_terms(),
            "funding": tier.encode_funding(),
            "floor": tier.floor,
            "ceiling": tier.ceiling,
            "initial": tier.initial.encode(),
            "maintenance": tier.maintenance.encode(),
            "policy_hash": tier.policy_hash,
            "leaf": commit_market_tier(tier),
        }
    )


def describe_asset_tier(tier: AssetTier) -> dict[str, str]:
    """The inputs of a leaf, and the leaf."""
    leaf = commit_asset_tier(tier)
    terms = tier.encode_terms()
    return show({"asset": tier.asset, "terms": terms, "floor": tier.floor, "ceiling": tier.ceiling, "leaf": leaf})


def describe_transition(leaf: int) -> dict[str, str]:
    """The spends of a position and of none, the leaf of none, and what stands in the place of the policy."""
    absence = commit_absence(OWNER, POSITION.position_id, POSITION.salt)
    return show(
        {
            "leaf_nullifier": derive_leaf_nullifier(leaf, POSITION.salt),
            "absent_nullifier": derive_absent_nullifier(POSITION.salt),
            "leaf_salt": derive_leaf_salt(derive_leaf_nullifier(leaf, POSITION.salt), POSITION.salt),
            "birth": derive_birth(SECRET, POSITION.position_id),
            "absent_birth": derive_absent_birth(POSITION.salt),
            "no_position": absence,
            "wallet": WALLET.encode(FLOWS.wallet_parts),
            "settlement": SETTLEMENT.encode(FLOWS.settlement_parts),
            "flows": commit_flows(FLOWS),
            "transition": commit_transition((leaf, absence), FLOWS),
        }
    )


def describe_liquidation(leaf: int) -> dict[str, str]:
    """What stands in the place of the policy where a venue reduces a position, and where it closes others' lots."""
    entries = [commit_entry(leaf, POSITION.salt, lots, 6) for lots in (5, 0)]
    return show(
        {
            "settled": LIQUIDATED.settled % GROUP_ORDER,
            "liquidation": StatedLiquidation(leaf, LIQUIDATED).encode(),
            "entry": entries[0],
            "empty_entry": entries[1],
            "deleverage": StatedDeleverage(PnlBasis.MARK, entries[0], tuple(entries)).encode(),
        }
    )


def show(elements: dict[str, int]) -> dict[str, str]:
    """Elements as decimal strings, because readers of JSON lose digits of numbers."""
    return {name: str(element) for name, element in elements.items()}


def compute_vectors() -> dict[str, object]:
    """Everything that two parties have to compute alike."""
    context = commit_context(DOMAIN, BINDING)
    position, lock = commit_position(POSITION), commit_lock(LOCK)
    book, locks, market = (
        build_book([position]),
        build_lock_tree({2: [5, lock]}),
        MarketTree((*TIERS, *ASSETS, INSTRUMENT)),
    )
    tag = tag_position(SECRET, POSITION.position_id)
    inputs = PublicInputs(book.root, market.root, locks.root, tag, (NULLIFIER,), context, POLICY.encode())
    return {
        "tags": {each.name.lower(): str(int(each)) for each in Tag},
        "unused": show({name: unused_input(name) for name in input_names(4)}),
        "empty": [str(empty_node(level)) for level in range(11)],
        "commitments": show(
            {
                "secret": SECRET,
                "owner": OWNER,
                "body": POSITION.body,
                "cash": encode_cash(POSITION.cash),
                "negative_cash": encode_cash(-POSITION.cash),
                "salt": POSITION.salt,
                "position": position,
                "position_tag": tag,
                "lock_owner": LOCK_OWNER,
                "domain": DOMAIN,
                "asset": ETHER,
                "lock": lock,
                "nullifier": NULLIFIER,
                "release": commit_release(ETHER, LOCK.amount),
            }
        ),
        "transition": describe_transition(position),
        "liquidation": describe_liquidation(position),
        "policy_hash": show({"document": 2**247 + 1, "terms": TERMS.encode(), "hash": TIERS[0].policy_hash}),
        "market_tiers": [describe_market_tier(tier) for tier in TIERS],
        "asset_tiers": [describe_asset_tier(tier) for tier in ASSETS],
        "instrument": show(
            {
                "terms": INSTRUMENT.encode_terms(),
                **{f"outcomes[{index}]": word for index, word in enumerate(INSTRUMENT.encode_outcomes())},
                "leaf": commit_instrument(INSTRUMENT),
            }
        ),
        "roots": show(
            {
                "one_to_twenty": Tree(2, range(1, 21)).root,
                "book": book.root,
                "market": market.root,
                "lock": locks.root,
            }
        ),
        "binding_bytes": BINDING.encode().hex(),
        "binding": str(BINDING.element),
        "context": str(context),
        "policy": str(POLICY.encode()),
        "public_inputs": inputs.encode().hex(),
        "claim": identify_claim(DOMAIN, "5a" * 32, inputs),
    }


def render_vectors() -> str:
    """The file's text."""
    return json.dumps(compute_vectors(), indent=1) + "\n"


if __name__ == "__main__":
    print(render_vectors(), end="")  # noqa: T201 -- it is what it is for
