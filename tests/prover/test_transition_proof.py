"""Transitions proved for real, one after the other: what one leaves behind is spent by the next."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest

from circuits.statements.transition import PlaceWitness, Transition, TransitionWitness, inputs_for
from facts.market import quantise_market
from facts.market_root import MarketTree
from facts.position_change import Change, change_position, close_position, find_market
from facts.public_inputs import PublicInputs
from facts.tree import Tree
from margin.contracts import Contract, ContractKind, Side
from margin.policy import Basis, MarketPolicy, PriceRule
from margin.position import MarketState, Position
from margin.tiers import Tier, TierRule, TierTable
from prover.artifacts import Cache
from prover.proving import Prover
from snark.errors import RejectedError
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.circuits.statements.claims import BINDING, DOMAIN

pytestmark = [pytest.mark.native, pytest.mark.slow]  # a key of 20,000 constraints is made

SECRET, MARKET_ID, BOOK_LEVELS = 20_261_121, 7, 8
TABLE = TierTable(
    (Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),), TierRule.MARGINAL, TierRule.MARGINAL, cap=None
)
POLICY = MarketPolicy(
    Contract(ContractKind.LINEAR, 10),
    TABLE,
    Basis.MARK,
    Basis.MARK,
    price_rule=PriceRule.ADVERSE,
    closing_fee_rate=Fraction(1, 1000),
)


def round_at(mark: int, funding_index: int) -> MarketTree:
    """An oracle round with one market."""
    state = MarketState(Fraction(mark), Fraction(2), funding_index=funding_index)
    return MarketTree(quantise_market(POLICY, state, market_id=MARKET_ID, currency_id=3, policy_hash=11))


@dataclass
class Keeper:
    """A venue that keeps a book and a registry, and one owner's two positions in it, each with its place and salt."""

    book: Tree = field(default_factory=lambda: Tree(BOOK_LEVELS))
    spent: set[int] = field(default_factory=set)
    salts: list[int] = field(default_factory=lambda: [1, 2])
    held: list[Position | None] = field(default_factory=lambda: [None, None])

    def witness(self, markets: MarketTree, changes: tuple[Change, Change]) -> TransitionWitness:
        """What the owner knows."""
        first, second = (
            PlaceWitness(
                71 + place,
                change,
                tier := change.find_tier(markets, MARKET_ID),
                markets.path(tier),
                self.book.path(place) if change.before else None,
                self.salts[place],
            )
            for place, change in enumerate(changes)
        )
        return TransitionWitness(SECRET, (first, second), self.book.root, DOMAIN, BINDING)

    def take(self, witness: TransitionWitness, public: PublicInputs) -> None:
        """New leaves in the places of the old ones, and spends that are spent."""
        assert public.book_root == self.book.root
        assert public.policy == witness.stated().encode()
        assert not self.spent & set(public.nullifiers)
        self.spent |= set(public.nullifiers)
        for place, leaf in enumerate(witness.stated().leaves):
            self.book.update(place, leaf)
            self.salts[place] = witness.places[place].salt_after(witness.owner)
            self.held[place] = witness.places[place].change.after


@pytest.fixture(scope="module")
def proving(circuit_cache: Path) -> tuple[Prover, VerifyingKey]:
    """The statement at its real size, with a key that was made for development."""
    cache = Cache(circuit_cache)
    artifact = cache.artifact(Transition())
    zkey = cache.development_key(artifact)
    verifying = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
    return Prover.open(artifact, zkey, allow_development_keys=True), verifying


def test_two_positions_from_their_birth_to_their_end(proving: tuple[Prover, VerifyingKey]) -> None:
    prover, key = proving
    keeper = Keeper()
    total = 0

    def prove(markets: MarketTree, changes: tuple[Change, Change]) -> TransitionWitness:
        """Prove, verify, take; a second time it is refused, and so is the proof for other words."""
        witness = keeper.witness(markets, changes)
        proof, inputs = prover.prove(inputs_for(witness))
        public = PublicInputs.of(inputs)
        assert public == witness.public_inputs()
        assert verify_proof(key, inputs, proof).is_for_development
        flows = witness.stated().flows
        richer = replace(witness.stated(), flows=replace(flows, paid_out=flows.paid_out + 1))
        with pytest.raises(RejectedError):
            verify_proof(key, [*inputs[:-1], richer.encode()], proof)
        keeper.take(witness, public)
        with pytest.raises(AssertionError):
            keeper.take(witness, public)
        return witness

    opening = round_at(1000, 0)
    market = find_market(opening, MARKET_ID)
    born = prove(
        opening,
        (
            change_position(market, Side.LONG, None, lots=50, brought=400_000),
            change_position(market, Side.SHORT, None, lots=30, brought=100_000),
        ),
    )
    total += born.stated().flows.settled
    later = round_at(1010, 4_000_000)
    market = find_market(later, MARKET_ID)
    long, short = keeper.held
    moved = prove(
        later,
        (
            change_position(market, Side.LONG, long, brought=-50_000),
            change_position(market, Side.SHORT, short, lots=-10, brought=50_000),
        ),
    )
    assert (moved.stated().flows.paid_in, moved.stated().flows.paid_out) == (0, 0)
    assert moved.stated().flows.fees == 10 * 10 * 1012 // 1000 + 1
    total += moved.stated().flows.settled
    long, short = keeper.held
    assert long is not None
    assert short is not None
    ended = prove(later, (close_position(market, long), close_position(market, short)))
    assert keeper.held == [None, None]
    flows = [each.stated().flows for each in (born, moved, ended)]
    total += flows[-1].settled
    assert 500_000 == flows[-1].paid_out + sum(each.fees for each in flows) + total  # noqa: SIM300 -- what came is what went


def test_what_does_not_suffice_has_no_proof(proving: tuple[Prover, VerifyingKey]) -> None:
    prover, _ = proving
    markets = round_at(1000, 0)
    market = find_market(markets, MARKET_ID)
    spread, requirement = 50 * 10 * (1002 - 998), 50 * 998
    for brought, suffices in ((spread + requirement - 1, False), (spread + requirement, True)):
        opened = change_position(market, Side.LONG, None, lots=50, brought=brought)
        places = PlaceWitness.of(71, opened, markets, MARKET_ID), PlaceWitness.empty(markets, MARKET_ID)
        inputs = inputs_for(TransitionWitness(SECRET, places, Tree(BOOK_LEVELS).root, DOMAIN, BINDING))
        if suffices:
            prover.prove(inputs)
        else:
            with pytest.raises(RejectedError, match="the equity covers the requirement"):
                prover.prove(inputs)
