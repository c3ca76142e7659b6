"""Random sequences of everything that can be brought to a gate of verifiers: it takes what its model takes, no more.

After every call, taken or refused, three tell the same: the gate, its model in plain Python, and whoever has nothing
but the gate's logs and knows who signed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from random import Random
from typing import Any, Final

import pytest

from chains.contracts import Face
from chains.development.compilation import read_artifact
from chains.development.deployment import Deployed
from facts.log_entry import Event, State
from facts.typed_data import word
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import CHAIN_ID, DOMAIN, VERIFIER, Arena, Committee, Word, face_of, spell, undone
from tests.contracts.attestation_draws import ACCEPTANCES, KEYS, NULLIFIERS, Call, Dealer
from tests.contracts.attestation_model import (
    GOVERNORS_ROLE,
    LEADS_TO,
    LIVE,
    VERIFIERS_ROLE,
    GateModel,
    RefusedError,
    Said,
    Standing,
)

pytestmark = needs_nodes

FEW, MANY, AT_ONCE = 60, 1_000, 20
TRANSACTIONS, CALLS_AT_ONCE = 12, 3
DELAY, PAUSE = 300, 150
ENOUGH_GAS = hex(29_000_000)
OF_MAKING: Final = {"RoleFounded", "RoleUnknown", "PauseLimitMalformed", "StringTooLong", "InvalidShortString"}
UNREACHED: Final = {"SafeCastOverflowedUintDowncast"}
"""More locks of one acceptance than are played with."""
LATE, SPENT_AND_HELD, SPENT_AND_LEFT = "late", "spent and held again", "spent and left again"
QUESTIONS: Final[tuple[tuple[Any, ...], ...]] = (
    *((question, each) for each in ACCEPTANCES for question in ("find", "isStruck", "isLive")),
    *((question, each) for each in NULLIFIERS for question in ("acceptanceOf", "hasLeft", "isHeld")),
    *(("isMember", named, spell(key.address)) for named, keys in KEYS.items() for key in keys),
    *((question, named) for named in KEYS for question in ("committeeOf", "nextCommitteeOf")),
    ("pausedUntil",),
    ("isPaused",),
)
Answers = Mapping[tuple[Any, ...], bytes]
Outcome = tuple[Mapping[str, Any], list[Said]]
"""What a courier wrote down of a call, and the gate's events until then."""


@dataclass(frozen=True)
class Foreseen:
    """What has to come of a call."""

    call: Call
    events: list[Said]
    refused: Said | None
    answers: Answers
    has_quorum: bool
    """Whether as many verifiers as have to signed it, whose word counts now."""


@dataclass
class Reader:
    """Whoever reads the logs alone, and holds what the gate opens against them."""

    shown: dict[bytes, tuple[int, int, int, tuple[int, ...]]] = field(default_factory=dict)
    """State, revision, lapse and locks of an acceptance, as was said last."""
    left: dict[int, bytes] = field(default_factory=dict)
    struck: set[bytes] = field(default_factory=set)

    def read(self, events: Sequence[Said], now: int) -> None:
        """What can be known from an event."""
        for name, told in events:
            if name == "Attested":
                acceptance, _, state, revision, lapses_at, _, held = told
                before = self.shown.get(acceptance)
                assert before is None or before[1] < revision, "revisions never go back"
                assert state not in LIVE or now < lapses_at, "what has expired is not taken"
                self.shown[acceptance] = state, revision, lapses_at, tuple(held)
            elif name == "NullifierLeft":
                nullifier, acceptance = told
                assert nullifier not in self.left, "a lock leaves once"
                self.left[nullifier] = acceptance
            elif name == "Struck":
                self.struck.add(*told)

    def require(self, answers: Answers, now: int) -> None:
        """Return if the gate holds and opens nothing but what its logs have told."""
        held = [each for *_, locks in self.shown.values() for each in locks]
        assert len(held) == len(set(held)), "no nullifier is held by two acceptances"
        for acceptance in ACCEPTANCES:
            state, revision, lapses_at, locks = self.shown.get(acceptance, (0, 0, 0, ()))
            found = [int.from_bytes(each, "big") for each in cut(answers["find", acceptance], [32] * 5)]
            assert found[:3] == [state, len(locks), revision], "find is what the newest log says"
            assert found[4] == lapses_at, "find is what the newest log says"
            is_live = state in LIVE and now < lapses_at and acceptance not in self.struck
            assert any(answers["isLive", acceptance]) == is_live, "what expired or was struck opens nothing"
        for nullifier in NULLIFIERS:
            assert any(answers["hasLeft", nullifier]) == (nullifier in self.left)
            if any(answers["isHeld", nullifier]):
                owner = answers["acceptanceOf", nullifier]
                assert any(answers["isLive", owner]), "a lock is held by what lives"
                assert nullifier in self.shown[owner][3], "and by whose newest log says so"
                assert nullifier not in self.left, "and has not left"


@dataclass
class Trial:
    """Two that bring calls to a gate, a governor of it and somebody who is nothing, and what they met."""

    arena: Arena
    couriers: tuple[Deployed, Deployed]
    face: Face
    met: Counter[str] = field(default_factory=Counter)

    def play(self, seed: int) -> None:
        """One sequence, with a gate of its own."""
        chance = Random(seed)  # noqa: S311 - calls of a test, not secrets
        model, reader = self._found(), Reader()
        dealer = Dealer(model, chance)
        for _ in range(TRANSACTIONS):
            model.now = dealer.later()
            courier = chance.choices(self.couriers, (2, 1))[0]
            expected = [self._foresee(dealer, courier) for _ in range(chance.randint(1, CALLS_AT_ONCE))]
            found = self._bring(courier, model, [each.call for each in expected])
            for foreseen, (outcome, events) in zip(expected, found, strict=True):
                doing = f"sequence {seed}: {foreseen.call}"
                answers = self._compare(foreseen, outcome, events, doing)
                reader.read(events, model.now)
                reader.require(answers, model.now)
                is_word = any(name == "Attested" for name, _ in events)
                assert foreseen.has_quorum or not is_word, f"nothing opens without those who speak: {doing}"
                self._count(foreseen)

    def _found(self) -> GateModel:
        """A new gate, by the model of it."""
        committees = first_committees(self.couriers[0])
        named = VERIFIER, DOMAIN, False
        gate = self.arena.deploy("AttestationGate", (committees, DELAY, PAUSE), *named)
        standings = {role: Standing.founded(members, threshold) for role, members, threshold in committees}
        return GateModel((CHAIN_ID, gate.address), DELAY, PAUSE, standings, self.arena.now)

    def _foresee(self, dealer: Dealer, courier: Deployed) -> Foreseen:
        """Draw a call, and have the model say what comes of it."""
        model, call = dealer.model, dealer.draw()
        verifiers = model.standings[VERIFIERS_ROLE]
        counting = [each for each in call.signers if verifiers.speaks(each, model.now)]
        has_quorum = len(counting) >= verifiers.speaking(model.now).threshold
        events, refused = list[Said](), None
        try:
            events = model.hear(call.function, call.arguments, courier.address)
        except RefusedError as error:
            refused = error.said
        answers = {each: b"".join(map(word, model.answer(*each))) for each in QUESTIONS}
        return Foreseen(call, events, refused, answers, has_quorum)

    def _compare(self, foreseen: Foreseen, outcome: Mapping[str, Any], events: list[Said], doing: str) -> Answers:
        """What the gate answers after a call of which came what had to."""
        told = None if outcome["isTaken"] else self._name(outcome["told"])
        lengths = [len(answer) for answer in foreseen.answers.values()]
        answers = dict(zip(QUESTIONS, cut(outcome["answers"], lengths), strict=True))
        assert told == foreseen.refused, doing
        assert events == foreseen.events, doing
        assert answers == foreseen.answers, doing
        return answers

    def _bring(self, courier: Deployed, model: GateModel, calls: Sequence[Call]) -> Iterator[Outcome]:
        """What comes of calls in one transaction: what the courier wrote down of each, and the gate's events."""
        gate = spell(model.place[1])
        brought = [self.face.encode_call(each.function, *each.encodable) for each in calls]
        call = f"0x{courier.face.encode_call('bring', gate, brought).hex()}"
        self.arena.node.ask("evm_setNextBlockTimestamp", model.now)
        sent = {"from": self.arena.account(0), "to": courier.spelling, "data": call, "gas": ENOUGH_GAS}
        events: list[Said] = []
        for log in self.arena.node.send(**sent)["logs"]:
            topics, data = [bytes.fromhex(each[2:]) for each in log["topics"]], bytes.fromhex(log["data"][2:])
            if log["address"] == courier.spelling:
                yield courier.face.decode_event("Brought", topics, data), events
                events = []
            else:
                assert log["address"] == gate
                name = self.events[topics[0]]
                events.append((name, tuple(self.face.decode_event(name, topics, data).values())))

    @cached_property
    def events(self) -> dict[bytes, str]:
        """The gate's events by what their logs begin with."""
        names = list_names("event") - {"EIP712DomainChanged"}
        return {self.face.topic_of(name): name for name in names}

    def _name(self, data: bytes) -> Said:
        """The error of a refusal."""
        complaint = self.face.name_error(data)
        assert complaint is not None, f"an error without a name: {data.hex()}"
        return complaint.name, tuple(complaint.told.values())

    def _count(self, foreseen: Foreseen) -> None:
        """What was met."""
        call, changes = foreseen.call, [name for name, _ in foreseen.events]
        if foreseen.refused:
            name, told = foreseen.refused
            self.met[name] += 1
            if name == "NullifierSpent":
                self.met[SPENT_AND_HELD if told[0] in call.arguments[0].held else SPENT_AND_LEFT] += 1
        elif not changes:
            self.met[f"{call.function} again"] += 1
        else:
            self.met.update(changes)
            if call.function == "submit":
                self.met[lead_of(call.arguments[0]) if "Attested" in changes else LATE] += 1


def lead_of(said: Word) -> str:
    """What a word has led to."""
    return f"{Event(said.happening).name} to {State(said.state).name}"


def cut(data: bytes, lengths: Sequence[int]) -> list[bytes]:
    """Bytes in pieces of such lengths; the last one has all that is left."""
    ends = list(accumulate(lengths))
    return [data[start:end] for start, end in pairwise([0, *ends[:-1], len(data)])]


def first_committees(courier: Deployed) -> list[Committee]:
    """Three of the governors' keys with a courier, three of whom have to sign; and two of three verifiers."""
    governors, verifiers = ([key.address for key in KEYS[named][:3]] for named in (GOVERNORS_ROLE, VERIFIERS_ROLE))
    return [
        (GOVERNORS_ROLE, [spell(each) for each in sorted([courier.address, *governors])], 3),
        (VERIFIERS_ROLE, [spell(each) for each in verifiers], 2),
    ]


def list_names(kind: str) -> set[str]:
    """The events of a gate, or its errors."""
    return {each["name"] for each in read_artifact("AttestationGate").abi if each["type"] == kind}


@pytest.fixture
def trial(arena: Arena) -> Trial:
    face, couriers = face_of("AttestationGate"), (arena.deploy("Courier"), arena.deploy("Courier"))
    for courier in couriers:
        arena.send(courier, "begin", [face.encode_call(*each) for each in QUESTIONS])
    return Trial(arena, couriers, face)


def require_everything_met(trial: Trial) -> None:
    """Return if every error and every event of the gate was met, and whatever a word can lead to."""
    errors = list_names("error") - OF_MAKING - UNREACHED
    leads = {lead_of(Word(happening=event, state=state)) for event, states in LEADS_TO.items() for state in states}
    others = {"submit again", "strike again", "revoke again", LATE, SPENT_AND_HELD, SPENT_AND_LEFT}
    missing = (errors | set(trial.events.values()) | leads | others) - set(trial.met)
    assert not missing, f"{sorted(missing)} of {trial.met}"


def play(trial: Trial, seeds: range) -> None:
    """Every sequence; a node that keeps thousands of gates, block by block, has no memory left."""
    for first in seeds[::AT_ONCE]:
        with undone(trial.arena):
            for seed in range(first, min(first + AT_ONCE, seeds.stop)):
                trial.play(seed)
    require_everything_met(trial)


def test_a_gate_takes_what_its_model_takes(trial: Trial) -> None:
    play(trial, range(FEW))


@pytest.mark.slow
def test_a_gate_takes_what_its_model_takes_in_a_thousand_sequences(trial: Trial) -> None:
    play(trial, range(FEW, FEW + MANY))
