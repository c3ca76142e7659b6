"""What happens to one position, step by step: what happened, what each party sees of it, and what was read of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

from facts.anchor import read_anchor
from facts.attestation import SignedAttestation
from facts.attestation_document import render_attestation
from facts.log_head import SignedHead
from margin.documents.reading import read_document
from margin.errors import InternalError, Reason, RejectedError
from margin.requirement import RequirementKind
from ringfence.cli.bridging.trader import Trader
from ringfence.cli.connection import Counter, open_connection, open_counter
from ringfence.cli.story.position import (
    CASH,
    DAI,
    ENTRY,
    MARKET,
    NAME,
    USDC,
    VENUE,
    Coin,
    View,
    draw_bar,
    tell_percent,
    write_request,
)
from ringfence.cli.story.setting import FIRST_MARK, PERIOD_SECONDS, Setting
from ringfence.client.answers import Holding
from ringfence.client.errors import RefusedError
from ringfence.client.prover import NotProvedError, Prover
from ringfence.wire.claim import STEPS as CHECKS
from ringfence.wire.claim import UnverifiedClaim
from ringfence.wire.commitment import CommitmentReport

TRADER, VERIFIER, BRIDGE, CHAIN, EXCHANGE = "the trader", "the verifier", "the bridge", "the chain", "the venue"
FALLS: Final = ("146.00", "142.00", "138.00")
BELOW: Final = "136.00"
CRASHED: Final = "129.00"
RECOVERED: Final = "150.00"
HOUR: Final = 3_600
DIGITS: Final = 8
DAY_SECONDS: Final = 86_400

Seen = Mapping[str, Sequence[str]]
RefusalT = TypeVar("RefusalT", bound=Exception)


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    told: str
    """What happens."""
    seen: Seen
    """What each of them sees of it, line by line."""
    read: Mapping[str, object]
    """The same for a program: what was answered, computed or refused."""
    picture: Sequence[str] = ()
    """Lines that are shown as they are."""


def tell_position(view: View) -> list[str]:
    """The whole position, which its trader has and nobody else, and what it takes to open it."""
    return [
        f"market     {VENUE} {MARKET}",
        f"long       {view.size} at {ENTRY}",
        f"own margin {float(CASH):,.2f}",
        f"locked     {USDC.amount:,} {USDC.name}",
        f"equity     {view.equity}",
        f"to open    {view.initial}",
    ]


def name_element(element: int) -> str:
    """The first digits of something that is different each time."""
    return shorten(f"{element:064x}") if element else "0"


def shorten(digits: str) -> str:
    """The first of many hexadecimal digits."""
    return f"{digits[:DIGITS]}…"


@dataclass(slots=True)
class Story:
    """Everybody at the moment, with what each of them keeps."""

    setting: Setting
    trader: Trader
    venue: Counter
    reader: Counter
    coins: tuple[Coin, ...] = (USDC,)
    mark: str = FIRST_MARK
    claims: list[UnverifiedClaim] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    """What the verifier has answered, the newest last."""
    heads: list[SignedHead] = field(default_factory=list)

    # --- What they do again and again ----------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The position as its trader wrote it down, at the price of now."""
        return View.at(self.mark, self.coins)

    @property
    def below(self) -> int:
        """How many of the others' positions do not meet their requirement."""
        return self.setting.exchange.others.count_below(self.mark)

    @property
    def word(self) -> SignedAttestation:
        """What the verifier has signed last."""
        return self.holdings[-1].signed

    @property
    def file(self) -> Path:
        """Where the trader keeps that word: what a bridge is given."""
        return self.setting.sandbox.folder / f"{NAME}.json"

    def move(self, mark: str) -> None:
        """Let the price be another one, and have it signed."""
        self.mark = mark
        self.setting.exchange.value(self.coins, mark)
        self.setting.exchange.publish()

    def commit(self) -> CommitmentReport:
        """Tell the prover of the position, and nobody else."""
        return self.trader.prover.ask(Prover().commit(NAME, json.dumps(write_request(self.coins, self.mark)).encode()))

    def prove(
        self, kind: RequirementKind, *, seconds: int = HOUR, statement: str = "", locks: tuple[int, ...] = ()
    ) -> UnverifiedClaim:
        """A claim for the verifier, at the facts of now."""
        claim = self.trader.prove(NAME, self.trader.demand(kind, seconds), statement, locks)
        self.claims.append(claim)
        return claim

    def keep(self, holding: Holding) -> Holding:
        """Keep what the verifier answered, and its word in a file."""
        self.holdings.append(holding)
        self.heads.append(holding.head)
        self.file.write_text(render_attestation(holding.signed), encoding="utf-8")
        return holding

    def tell_word(self) -> list[str]:
        """What a bridge reads in the newest attestation."""
        attestation = self.word.attestation
        return [
            f"acceptance {shorten(attestation.acceptance)}",
            f"state      {attestation.state.name.lower()}",
            f"locks held {len(attestation.held)}",
            f"revision   {attestation.revision}",
        ]

    # --- The steps -----------------------------------------------------------------------------------------

    def open_position(self) -> Step:
        """A position that is committed to, and its lock."""
        report = self.commit()
        exchange = self.setting.exchange
        exchange.enter(report.commitment)
        lock = exchange.deposit(USDC, report.lock_owners[-1].lock_owner)
        exchange.publish()
        view, count = self.view, len(exchange.others.columns) + 1
        return Step(
            "A position, and what backs it",
            "A trader opens a position and locks collateral for it on another chain. Venue and chain get a "
            "commitment each, which nobody can link. Watchers, oracle and venue sign their roots.",
            {
                TRADER: [*tell_position(view), f"to keep    {view.maintenance}", f"liquidated {view.end}"],
                EXCHANGE: [
                    f"{count:,} positions in its book",
                    f"this one  {name_element(report.commitment)}",
                    f"its root  {name_element(exchange.keeper.root)}",
                    f"{self.below:,} of the others are below maintenance",
                ],
                CHAIN: [
                    f"{len(exchange.publication.chains[0].locks):,} locks in its escrow",
                    f"this one  {name_element(lock)}",
                    f"amount    {USDC.amount:,} {USDC.name}",
                    "of whose position: nothing",
                ],
            },
            {"positions": count, "equity": view.equity, "ends": view.end, "below": self.below},
        )

    def prove_position(self) -> Step:
        """What leaves the trader's machine."""
        claim = self.prove(RequirementKind.INITIAL)
        inputs = claim.inputs
        shown = [f"{name:<13} {name_element(value)}" for name, value in zip(inputs.names, inputs.values, strict=True)]
        view = self.view
        return Step(
            "Prove",
            "The prover beside the trader proves that some position of the book meets its initial requirement "
            "with this lock. What leaves the machine is the proof, its seven public inputs and the place that it "
            "is for.",
            {
                TRADER: [*tell_position(view), "covered    yes", f"a proof of {len(claim.proof.encode())} bytes"],
                VERIFIER: shown,
                BRIDGE: ["nothing yet"],
            },
            {"public_inputs": dict(zip(inputs.names, map(str, inputs.values), strict=True))},
        )

    def accept(self) -> Step:
        """The word of the verifier."""
        holding = self.keep(self.trader.accept_bare(self.claims[-1]))
        attestation = holding.attestation
        return Step(
            "Accept",
            f"The verifier takes the proof through its {CHECKS} steps, spends the nullifier of the lock for ever, "
            "writes a leaf into its log and signs what became of it.",
            {
                TRADER: ["has checked both signatures, the leaf and the head over it"],
                VERIFIER: [
                    f"spent  {name_element(attestation.held[0])}",
                    f"tag    {name_element(attestation.position_tag)}",
                    f"log    leaf {attestation.log_index}, head of {holding.head.head.size}",
                ],
                BRIDGE: [
                    *self.tell_word(),
                    f"good for   {PERIOD_SECONDS} s",
                    f"signed by  {shorten(self.word.ed25519_key_id.hex())}",
                    f"for chains {shorten(self.word.eip712_signer.hex())}",
                ],
            },
            {"state": attestation.state.name.lower(), "log_size": holding.head.head.size},
        )

    def refuse_replay(self) -> Step:
        """The same lock once more."""
        again = self.trader.accept_bare(self.claims[-1])
        other = self.prove(RequirementKind.INITIAL, seconds=2 * HOUR)
        refused = expect(RefusedError, lambda: self.trader.accept_bare(other))
        return Step(
            "Use it twice",
            "The same proof again has the same answer, for whoever lost the first one. A new proof for the same "
            "lock is refused, for this destination and for every other of the domain.",
            {
                TRADER: ["a second proof of the same lock, as good as the first"],
                VERIFIER: [f"step {refused.step} of {CHECKS}: no", refused.reason, "its log has not grown"],
                BRIDGE: ["one acceptance, as before"],
            },
            {
                "same_acceptance": again.id == self.holdings[-1].id,
                "log_size": again.head.head.size,
                "refused": refused.reason,
                "step": refused.step,
            },
        )

    def let_price_fall(self) -> Step:
        """Towards the end."""
        views, below = [self.view], [self.below]
        for mark in FALLS:
            self.move(mark)
            views.append(self.view)
            below.append(self.below)
        claim = self.prove(RequirementKind.MAINTENANCE)
        self.keep(self.trader.refresh(self.holdings[-1].id, claim))
        whole = views[0].distance
        lines = [
            f"{each.mark:>5}  {draw_bar(each.distance, whole)}  {tell_percent(each.distance):>5} away, "
            f"equity {each.equity} of {each.maintenance}"
            for each in views
        ]
        return Step(
            "The price falls",
            f"Liquidation is at {views[0].end}. Each price is a round that the oracle has signed. A proof keeps an "
            "acceptance alive for half an hour; before it is over the trader proves again, now against the "
            "maintenance requirement.",
            {
                TRADER: [
                    f"distance {tell_percent(views[0].distance)} → {tell_percent(views[-1].distance)}",
                    "refreshes in time",
                ],
                VERIFIER: [
                    f"tag  {name_element(claim.inputs.position_tag)}, again",
                    "covered: yes",
                    "by how much: nothing",
                ],
                EXCHANGE: [
                    "of its 9,999 others below maintenance at these prices:",
                    " → ".join(f"{count:,}" for count in below),
                ],
                BRIDGE: self.tell_word(),
            },
            {
                "distances": [round(float(each.distance), 4) for each in views],
                "below": below,
                "event": self.word.attestation.event.name.lower(),
            },
            lines,
        )

    def refuse_below(self) -> Step:
        """Below the boundary nothing can be proved."""
        self.move(BELOW)
        view = self.view
        failed = expect(NotProvedError, lambda: self.prove(RequirementKind.MAINTENANCE))
        return Step(
            "Below the boundary",
            f"At {BELOW} the equity no longer covers the requirement. There is no proof of what is not so: the "
            "prover says which rule is broken, to its own trader alone.",
            {
                TRADER: [
                    f"equity  {view.equity}",
                    f"to keep {view.maintenance}",
                    "broken:",
                    f"“{failed.expected}”",
                ],
                VERIFIER: ["is told nothing"],
                BRIDGE: ["the acceptance is as it was, and ends by itself unless it is refreshed"],
            },
            {"reason": failed.reason, "rule": failed.field, "words": failed.expected, "covered": view.is_covered},
        )

    def top_up(self) -> Step:
        """A further lock."""
        before = self.view
        self.coins = (USDC, DAI)
        owner = self.commit().lock_owners[-1].lock_owner
        lock = self.setting.exchange.deposit(DAI, owner)
        self.move(self.mark)
        claim = self.prove(RequirementKind.MAINTENANCE, locks=(1,))
        self.keep(self.trader.refresh(self.holdings[-1].id, claim))
        view = self.view
        return Step(
            "Top up",
            "The trader locks more. The position keeps its commitment and its tag; a proof that counts the new "
            "lock alone is enough, and the acceptance holds both from now on.",
            {
                TRADER: [
                    f"locks {DAI.amount:,} {DAI.name} more",
                    f"equity {before.equity} → {view.equity}",
                    f"liquidated at {view.end}",
                ],
                CHAIN: [f"this one {name_element(lock)}", f"amount   {DAI.amount:,} {DAI.name}"],
                VERIFIER: [
                    f"tag   {name_element(claim.inputs.position_tag)}, again",
                    f"spent {name_element(claim.inputs.nullifiers[0])}",
                ],
                BRIDGE: self.tell_word(),
            },
            {"held": len(self.word.attestation.held), "equity": view.equity, "ends": view.end},
        )

    def liquidate(self) -> Step:
        """What the venue may do, and that it did no more."""
        exchange = self.setting.exchange
        self.move(CRASHED)
        view, below = self.view, self.below
        committed = self.trader.prover.ask(Prover().open(NAME))
        place = self.trader.demand(RequirementKind.INITIAL)
        plan = exchange.plan(committed, self.coins, self.mark, place)
        applied = self.venue.connection.ask(self.venue.verifier.apply(exchange.prove(plan)))
        self.heads.append(applied.head)
        plan.book_change.require_applied(applied.entry.spent, applied.entry.leaves)
        exchange.succeed(plan.book_change)
        exchange.publish()
        self.setting.teach(NAME, plan.opening)
        reduction = plan.witness.reduction
        flows, lot = reduction.flows(), view.units.lot
        penalty = view.show(Fraction(flows.penalty))
        closed = f"{float(reduction.closed * lot):g}"
        left = View.at(self.mark, self.coins, plan.opening.committed)
        return Step(
            "Liquidate no more than is needed",
            f"At {CRASHED} nobody tops up. The venue closes as little as restores the requirement, proves just "
            "that, and tells the trader how its new leaf opens. Nothing but this position's own margin was "
            "touched.",
            {
                EXCHANGE: [
                    f"has  {view.equity} of {view.maintenance}",
                    f"closes {closed} of {view.size}",
                    f"then {left.equity} of {left.maintenance}",
                    f"{below:,} others below, too",
                ],
                VERIFIER: [
                    f"spent   leaf {name_element(applied.entry.spent[0])}",
                    f"new     leaf {name_element(applied.entry.leaves[0])}",
                    f"settled {view.show(Fraction(flows.settled))}",
                    f"penalty {penalty}",
                    "of which position: nothing",
                ],
                TRADER: [f"has {left.size} contracts left", f"liquidated at {left.end}"],
                BRIDGE: ["locks and acceptance are as they were"],
            },
            {
                "closed": closed,
                "left": left.size,
                "penalty": penalty,
                "covered_after": left.is_covered,
            },
        )

    def release(self) -> Step:
        """Let go of the locks."""
        self.move(RECOVERED)
        committed = self.trader.prover.ask(Prover().open(NAME))
        bare = View.at(self.mark, (), committed)
        claim = self.prove(RequirementKind.INITIAL, statement="perp-k0")
        self.keep(self.trader.free(self.holdings[-1], claim))
        attestation = self.word.attestation
        return Step(
            "Release",
            f"At {RECOVERED} again, what is left meets its initial requirement without any lock. A proof that "
            "counts none of them frees both.",
            {
                TRADER: [
                    f"{bare.size} contracts, no lock",
                    f"equity  {bare.equity}",
                    f"to open {bare.initial}",
                ],
                VERIFIER: [f"{len(claim.inputs.values)} public inputs, no nullifier", "locks let go: 2"],
                BRIDGE: self.tell_word(),
            },
            {"state": attestation.state.name.lower(), "left": len(attestation.left), "held": len(attestation.held)},
        )

    def check_log(self) -> Step:
        """One history for everybody."""
        first, connection, log = self.heads[0], self.reader.connection, self.reader.verifier.log
        newest = connection.ask(log.head())
        connection.ask(log.require_continued(first, newest))
        audit = connection.ask(log.audit())
        return Step(
            "One history for everybody",
            "Anybody who may read holds the head from the first acceptance against that of now: the proof shows "
            "that the one is the beginning of the other. Then the whole log is read and replayed.",
            {
                "the head of then": [f"{first.head.size} leaf", shorten(first.head.root.hex())],
                "the head of now": [f"{newest.head.size} leaves", shorten(newest.head.root.hex())],
                "the reader": [
                    "consistent: yes",
                    f"acceptances {audit.acceptances}, live {audit.live}",
                    f"locks spent {audit.nullifiers}",
                    f"positions changed {audit.transitions}",
                ],
            },
            {
                "first": first.head.size,
                "newest": newest.head.size,
                "locks": audit.nullifiers,
                "transitions": audit.transitions,
                "live": audit.live,
            },
        )

    def check_offline(self) -> Step:
        """The word of the verifier without the verifier."""
        self.setting.stop("verifier")
        anchor, moment = read_anchor(read_document(self.setting.sandbox.anchor)), int(time.time())
        held, last = self.holdings[-2].signed, self.word
        anchor.verify(held, moment)
        ended = expect(RejectedError, lambda: anchor.verify(last, moment))
        later = replace(held.attestation, lapses_at=held.attestation.lapses_at + DAY_SECONDS)
        forged = expect(RejectedError, lambda: anchor.verify(replace(held, attestation=later), moment))
        return Step(
            "Check an attestation, asking nobody",
            "The verifier has been switched off. A bridge has what it was handed and the keys that it has pinned, "
            "which is enough. An attestation counts until it lapses: that is why it is good for no longer than has "
            "to be.",
            {
                "from before the release": [f"revision {held.attestation.revision}", "valid until it lapses"],
                "from the release": [f"revision {last.attestation.revision}", f"refused: {ended.reason.value}"],
                "with a day more in it": ["the old signature", f"refused: {forged.reason.value}"],
            },
            {"before": "valid", "after": ended.reason.value, "forged": forged.reason.value},
        )


def expect(kind: type[RefusalT], act: Callable[[], object]) -> RefusalT:
    """What has to be refused."""
    try:
        act()
    except kind as refused:
        return refused
    raise InternalError(Reason.BROKEN_INVARIANT, "story", found="a yes", expected="a refusal")


@contextmanager
def begin_story(setting: Setting) -> Iterator[Story]:
    """The connections that everybody has, until the end of the block."""
    sandbox = setting.sandbox
    with ExitStack() as stack:
        prover = stack.enter_context(open_connection(None, sandbox.client_settings("prover"), None))
        counters = {
            role: stack.enter_context(open_counter(None, sandbox.client_settings(role), None))
            for role in ("trader", "venue", "reader")
        }
        yield Story(setting, Trader(sandbox, prover, counters["trader"]), counters["venue"], counters["reader"])
