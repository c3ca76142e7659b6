"""Steps 2 to 7 of a claim that somebody shows: everything that is asked of it before it is remembered.

    2  key allowed          pinned here, and for what is asked; one for development only where the destination takes it
    3  roots known          each was published here by those who are trusted with it
    4  roots fresh          and still holds
    5  context is mine      domain and verifier are mine, the destination is one of those that are configured
    6  policy suffices      the one that the destination asks for
    7  proof valid

The release of a lock that an acceptance holds names a lock root of long ago, because it was sealed when the lock was
pledged. Its root is not asked for: that the lock is one of the tree was shown when its nullifier was accepted, and
nobody finds another lock with the same nullifier.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from facts.context import Binding
from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand, Said
from facts.liquidation import StatedLiquidation
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs
from facts.roots import Roots
from facts.transition import StatedTransition
from margin.errors import Reason, RejectedError
from snark.groth16.proof import Proof
from verifier.acceptance import Acceptance
from verifier.allow_list import AllowedKey, AllowList, Proves
from verifier.claim import CheckedClaim, Expectation, ProvedClaim, check_claim, describe_policy, prove_claim
from verifier.destinations import Destination, Destinations
from verifier.gazette import step_of
from verifier.steps import RefusedError, Step, at_step
from verifier.store.database import Transaction
from verifier.store.ledger import Clock, StillGood, leave_as_found

UNASKED: Final = 0
"""Stands for a root that is not asked for where a statement does not use it."""


class Shown(Protocol):
    """A claim that can be read; nothing in it is believed yet."""

    @property
    def key_id(self) -> str:
        """The verifying key that the proof is for."""

    @property
    def values(self) -> tuple[int, ...]:
        """The public inputs in their order."""

    @property
    def proof(self) -> Proof:
        """The proof."""

    @property
    def demand(self) -> Demand:
        """What whoever shows it takes the proof to say."""


class RootRegistry(Protocol):
    """Knows which roots hold."""

    def require_roots(self, inputs: PublicInputs, moment: int, transaction: Transaction | None = None) -> Roots:
        """The roots that a claim names, each good at the moment; an error says at which step it is not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of a claim for one purpose."""

    place: Callable[[Binding], Destination | None]
    """Refuses a place that is none; the destination, where its keys are asked about."""
    proves: Proves | None = None
    policy: StatementPolicy | None = None
    """The one that has to be proved; None leaves it to the claim's own demand."""
    asks_roots: bool = True


@dataclass(frozen=True, slots=True)
class Admitted:
    """A claim that was proved, and what is asked of it again when it is written down."""

    claim: ProvedClaim
    still_good: StillGood


class Admission:
    """What one verifier asks of claims."""

    def __init__(
        self,
        domain: str,
        name: str,
        allowed: AllowList,
        *,
        destinations: Callable[[], Destinations],
        registry: RootRegistry,
        clock: Clock,
    ) -> None:
        self.domain = domain
        self.name = name
        self.allowed = allowed
        self._destinations = destinations
        self._registry = registry
        self._clock = clock

    @property
    def destinations(self) -> Destinations:
        """Where collateral can be pledged to, as it is said now."""
        return self._destinations()

    # --- Purposes ----------------------------------------------------------------------------------------

    def verifying(self, shown: Shown, caller: str) -> Rule:
        """To be verified and no more: whatever it says, at a place that there is."""
        proves = kind_of(shown.demand.policy)
        if proves is Proves.RELEASE:
            return Rule(self._any_seizure, proves)
        return Rule(lambda binding: self.destinations.find(binding, caller), proves)

    def accepting(self, shown: Shown, caller: str) -> tuple[Rule, Destination]:
        """To be accepted: the entry policy of the destination."""
        with at_step(Step.KEY_ALLOWED):
            self.allowed.find(shown.key_id, Proves.MARGIN)
        with at_step(Step.CONTEXT_MINE):
            found = self.destinations.find(shown.demand.binding, caller)
        return Rule(lambda _: found, Proves.MARGIN, found.terms.entry), found

    def refreshing(self, acceptance: Acceptance) -> Rule:
        """To live on: the upkeep policy of its own terms."""
        return Rule(known_place, Proves.MARGIN, acceptance.terms.upkeep)

    def freeing(self, acceptance: Acceptance) -> Rule:
        """To do without a lock: the entry policy, at the initial requirement."""
        return Rule(known_place, Proves.MARGIN, acceptance.terms.exit)

    def seizing(self, acceptance: Acceptance) -> Rule:
        """To be seized: a release that is good where the venue takes locks of this destination."""
        place = acceptance.destination.chain_id, acceptance.destination.contract

        def require_place(binding: Binding) -> None:
            self.destinations.require_seizure(binding, place)

        return Rule(require_place, Proves.RELEASE, asks_roots=False)

    def applying(self, shown: Shown) -> Rule:
        """To be applied to the venue's book: a change of positions, at a place that there is."""
        proves = kind_of(shown.demand.policy)
        if proves not in CHANGES:
            found, expected = proves.value, "a claim that positions changed"
            refusal = RejectedError(Reason.NOT_A_KEY, "key_id", found=found, expected=expected)
            raise RefusedError.at(Step.KEY_ALLOWED, refusal)
        return Rule(self.destinations.find_place, proves)

    def _any_seizure(self, binding: Binding) -> None:
        refusal: RejectedError | None = None
        for place in self.destinations.by_place:
            try:
                return self.destinations.require_seizure(binding, place)
            except RejectedError as error:
                refusal = error
        found, expected = "another place", "where locks are seized"
        raise refusal or RejectedError(Reason.WRONG_CONTEXT, "contract", found=found, expected=expected)

    # --- Steps -------------------------------------------------------------------------------------------

    def examine(self, shown: Shown, rule: Rule) -> CheckedClaim:
        """Steps 2 to 6."""
        with at_step(Step.KEY_ALLOWED):
            allowed = self.allowed.find(shown.key_id, rule.proves)
        inputs, demand, moment = PublicInputs.of(shown.values), shown.demand, self._clock()
        roots = self._require_roots(inputs, moment) if rule.asks_roots else Roots(UNASKED, UNASKED, inputs.lock_root)
        with at_step(Step.CONTEXT_MINE):
            self._require_mine(demand)
            destination = rule.place(demand.binding)
        require_takes(destination, allowed)
        with at_step(Step.POLICY_SUFFICES):
            require_demanded(demand, rule.policy)
        return check_at_steps(allowed, inputs, shown.proof, Expectation(demand, roots, moment))

    def admit(self, shown: Shown, rule: Rule) -> Admitted:
        """Steps 2 to 7."""
        checked = self.examine(shown, rule)
        with at_step(Step.PROOF_VALID):
            claim = prove_claim(checked)
        return Admitted(claim, self.asked_again(checked) if rule.asks_roots else leave_as_found)

    def asked_again(self, checked: CheckedClaim) -> StillGood:
        """Steps 3 and 4 once more: a root that was fresh when the proof was checked may be stale by then."""

        def require_still_good(transaction: Transaction, moment: int) -> None:
            self._require_roots(checked.inputs, moment, transaction)

        return require_still_good

    def _require_roots(self, inputs: PublicInputs, moment: int, transaction: Transaction | None = None) -> Roots:
        try:
            return self._registry.require_roots(inputs, moment, transaction)
        except RejectedError as refusal:
            raise RefusedError.at(Step(step_of(refusal)), refusal) from None

    def _require_mine(self, demand: Demand) -> None:
        for field, found, mine in (
            ("domain", demand.domain, self.domain),
            ("verifier", demand.binding.verifier, self.name),
        ):
            if found != mine:
                raise RejectedError(Reason.WRONG_CONTEXT, field, found=found, expected=mine)


CHANGES: Final = frozenset({Proves.TRANSITION, Proves.LIQUIDATION})
"""What keys prove by which positions change."""


def kind_of(said: Said) -> Proves:
    """What a key has to prove for a claim that says this."""
    match said:
        case ReleaseDemand():
            return Proves.RELEASE
        case StatedTransition():
            return Proves.TRANSITION
        case StatedLiquidation():
            return Proves.LIQUIDATION
        case StatedDeleverage():
            return Proves.DELEVERAGE
        case StatementPolicy():
            return Proves.MARGIN


def known_place(_: Binding) -> None:
    """The place of an acceptance, which the ledger holds a claim against."""


def require_takes(destination: Destination | None, allowed: AllowedKey) -> None:
    """Step 2 again: a key for development proves nothing, and only who says so takes it."""
    if destination is None or destination.takes_development_keys or not allowed.key.is_for_development:
        return
    found, expected = "a key for development", "a key of a ceremony"
    refusal = RejectedError(Reason.NOT_A_KEY, "key_id", found=found, expected=expected)
    raise RefusedError.at(Step.KEY_ALLOWED, refusal)


def require_demanded(demand: Demand, policy: StatementPolicy | None) -> None:
    """What whoever shows a claim takes it to say is what is asked for."""
    if policy is not None and demand.policy != policy:
        found, expected = describe_policy(demand.policy), describe_policy(policy)
        raise RejectedError(Reason.WRONG_POLICY, "policy", found=found, expected=expected)


STEPS_OF_FIELDS: Final = {
    **dict.fromkeys(("book_root", "market_root", "lock_root", "position_tag"), Step.ROOTS_KNOWN),
    **dict.fromkeys(("context", "expires"), Step.CONTEXT_MINE),
    "policy": Step.POLICY_SUFFICES,
}


def check_at_steps(allowed: AllowedKey, inputs: PublicInputs, proof: Proof, expectation: Expectation) -> CheckedClaim:
    """The public inputs are those of the roots, the context and the policy; a refusal says which are not."""
    try:
        return check_claim(allowed.key, inputs, proof, expectation)
    except RejectedError as refusal:
        raise RefusedError.at(STEPS_OF_FIELDS.get(refusal.field, Step.WELL_FORMED), refusal) from None
