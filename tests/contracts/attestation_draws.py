"""Whatever can be brought to a gate that opens on the word of verifiers, drawn from a seed.

Most of it is near what the gate would take, as its model knows it, since what is wrong in three ways is refused for the
first of them. Every third moment is one at which something begins or ends, or a second beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from chains.gate import LONGEST_PERIOD
from facts.attestation import MAX_AHEAD_SECONDS
from facts.log_entry import MAX_HELD, Event, State
from facts.secp256k1 import SigningKey
from facts.typed_data import word
from snark.bn254.constants import GROUP_ORDER
from tests.contracts.arena import (
    PERIOD,
    RESUMPTION,
    REVOCATION,
    STRIKE,
    Committee,
    Word,
    key_of,
    keys_of,
    sign,
    spell,
    twin_of,
)
from tests.contracts.attestation_model import (
    GOVERNORS_ROLE,
    LEADS_TO,
    LETTING_GO,
    MAX_MEMBERS,
    NOTHING,
    VERIFIERS_ROLE,
    GateModel,
    Message,
    Place,
)

ACCEPTANCES: Final = tuple(bytes((each,)) * 32 for each in (0xA1, 0xB2, 0xC3))
NULLIFIERS: Final = (1, 2, 3, 5, 8, GROUP_ORDER - 1)
KEYS: Final = {GOVERNORS_ROLE: keys_of("governor", 5), VERIFIERS_ROLE: keys_of("verifier", 6)}
STRANGER: Final = key_of("a stranger")
SENSELESS: Final[tuple[dict[str, Any], ...]] = (
    {"statement": bytes(32)},
    {"acceptance": bytes(32)},
    {"recipient": b""},
    {"recipient": bytes(65)},
    {"position_tag": 0},
    {"position_tag": GROUP_ORDER},
    {"moment": 0},
    {"lapses_at": 0},
    {"revision": 0},
    {"revision": 2**63},
    {"happening": 0},
    {"happening": 6},
    {"state": 0},
    {"state": 6},
    {"state": State.RELEASED},
    {"held": ()},
    {"held": (0, 3)},
    {"held": (5, 3)},
    {"held": (3, 3)},
    {"held": (3, GROUP_ORDER)},
    {"held": tuple(range(1, MAX_HELD + 2))},
    {"left": ()},
    {"left": (2, 1)},
    {"left": (1, 1)},
)


@dataclass(frozen=True)
class Call:
    """What is brought, and whose signatures are really under it as it stands."""

    function: str
    arguments: tuple[Any, ...]
    signers: frozenset[bytes] = frozenset()

    @property
    def encodable(self) -> tuple[Any, ...]:
        """The arguments as the contract takes them."""
        return tuple(each.struct if isinstance(each, Word) else each for each in self.arguments)


@dataclass
class Dealer:
    """Whoever draws, knowing what the gate knows, having every key, and keeping whatever was brought once."""

    model: GateModel
    chance: Random
    brought: list[Call] = field(default_factory=list)

    def is_one_of(self, number: int) -> bool:
        """One time of so many."""
        return self.chance.randrange(number) == 0

    # --- When --------------------------------------------------------------------------------------------

    def later(self) -> int:
        """A moment after now: soon, or where something changes."""
        model = self.model
        turns = [model.paused_until, model.paused_until + model.pause_limit]
        turns += [each.lapses_at for each in model.acceptances.values()]
        turns += [bench.speaks_from for each in model.standings.values() for bench in each.benches]
        near = [turn + off for turn in turns for off in (-1, 0, 1) if model.now < turn + off < model.now + 3 * PERIOD]
        return self.chance.choice(near) if near and self.is_one_of(3) else model.now + self.chance.randint(1, 20)

    # --- What --------------------------------------------------------------------------------------------

    def draw(self) -> Call:
        """One thing of all."""
        again = self.brought and self.is_one_of(8)
        drawn = self.chance.choice(self.brought) if again else self._draw_new()
        self.brought.append(drawn)
        return drawn

    def _draw_new(self) -> Call:
        kinds: dict[Callable[[], Call], int] = {
            self._word: 30,
            self._appointment: 5,
            self._revocation: 2,
            self._strike: 2,
            self._pause: 2,
            self._resumption: 4 if self.model.is_paused else 1,
        }
        (kind,) = self.chance.choices(list(kinds), list(kinds.values()))
        return kind()

    def _word(self) -> Call:
        said = self._sensible_word()
        if self.is_one_of(15):
            said = said.but(**self.chance.choice(SENSELESS))
        return self._signed("submit", (said,), VERIFIERS_ROLE, Message.of_word(said))

    def _sensible_word(self) -> Word:
        chance, model = self.chance, self.model
        acceptance = chance.choice(ACCEPTANCES)
        known = model.acceptances.get(acceptance)
        weights = [1, 4, 7, 1, 3] if known else [12, 2, 2, 1, 1]
        (happening,) = chance.choices(list(LEADS_TO), weights)
        state = chance.choice(LEADS_TO[happening])
        step = chance.choice((1, 1, 2, 4, 0, -1, -1, -2))
        revision = 0 if happening is Event.ACCEPT else max(1, (known or NOTHING).revision + step)
        held, left = self._locks(acceptance, happening, state)
        moment = model.now + chance.choice((0, 0, 0, 0, 0, -1, -1, -PERIOD, MAX_AHEAD_SECONDS, MAX_AHEAD_SECONDS + 1))
        lapses_at = model.now + chance.choice((0, 1, 30, *[PERIOD] * 7))
        if self.is_one_of(8):
            lapses_at = moment + chance.choice((-1, 0, 1, LONGEST_PERIOD, LONGEST_PERIOD + 1))
        return Word(
            held=held,
            left=left,
            happening=happening,
            state=state,
            revision=revision,
            acceptance=acceptance,
            moment=moment,
            lapses_at=lapses_at,
            recipient=bytes((chance.randrange(256),)) * chance.choice((1, 20, 32, 64)),
            policy=chance.randrange(100),
        )

    def _locks(self, acceptance: bytes, happening: Event, state: State) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What is held and what left: mostly of what is the acceptance's or nobody's."""
        owners, gone = self.model.owners, self.model.gone
        mine = sorted(self.model.locks_of(acceptance))
        free = [each for each in NULLIFIERS if each not in owners]
        spent = [each for each in NULLIFIERS if each in gone and owners[each] == acceptance]
        leaving = self._some(mine or free or NULLIFIERS) if happening in LETTING_GO else set[int]()
        if state is State.RELEASED:
            leaving |= set(mine)
        holding = set(mine) - leaving
        if not holding or self.is_one_of(4):
            holding |= self._some(free or mine or NULLIFIERS)
        for wrong, seldom in ((NULLIFIERS, 10), (spent, 4)):
            holding |= self._some(wrong) if self.is_one_of(seldom) else set()
            leaving |= self._some(wrong) if leaving and self.is_one_of(seldom) else set()
        if state is State.RELEASED or (state is State.SEIZED and self.is_one_of(2)):
            holding = set()
        return tuple(sorted(holding)), tuple(sorted(leaving))

    def _some(self, of: Sequence[int]) -> set[int]:
        return set(self.chance.sample(of, self.chance.randint(1, min(3, len(of))))) if of else set()

    def _appointment(self) -> Call:
        named = self.chance.choice((GOVERNORS_ROLE, *[VERIFIERS_ROLE] * 3))
        standing = self.model.standings[named]
        members = self._members(named)
        threshold = self.chance.randint(len(members) // 2 + 1, max(1, len(members)))
        if self.is_one_of(4):
            members, threshold = self._no_committee(members)
        committee: Committee = named, members, threshold
        epoch = standing.last_epoch + (1 if self.chance.randrange(8) else self.chance.choice((0, 2)))
        return self._governed("appoint", (committee, epoch), Message.of_appointment(committee, epoch))

    def _members(self, named: bytes) -> list[str]:
        """Some of the keys, seldom one that was revoked; and of whoever spoke first without a key, perhaps."""
        standing, keys = self.model.standings[named], [key.address for key in KEYS[named]]
        able = [each for each in keys if each not in standing.revoked or self.is_one_of(2)]
        able += [each for each in standing.benches[0].members if each not in keys and self.is_one_of(2)]
        count = self.chance.randint(min(1, len(able)), len(able))
        return [spell(each) for each in sorted(self.chance.sample(able, count))]

    def _no_committee(self, members: list[str]) -> tuple[list[str], int]:
        count = len(members)
        crowd = [spell(each.to_bytes(20, "big")) for each in range(1, MAX_MEMBERS + 2)]
        return self.chance.choice([
            (members, count // 2),
            (members, count + 1),
            ([], self.chance.randrange(2)),
            (crowd, MAX_MEMBERS),
            ([*members, *members[:1]], count + 1),
            ([spell(bytes(20)), *members], count + 1),
        ])  # fmt: skip

    def _revocation(self) -> Call:
        named = self.chance.choice((GOVERNORS_ROLE, *[VERIFIERS_ROLE] * 4))
        member = self.chance.choice(KEYS[named]).address
        message = Message.of(REVOCATION, named, word(member))
        return self._governed("revoke", (named, spell(member)), message)

    def _strike(self) -> Call:
        acceptance = self.chance.choice(ACCEPTANCES)
        return self._governed("strike", (acceptance,), Message.of(STRIKE, acceptance))

    def _pause(self) -> Call:
        return Call("pause", ())

    def _resumption(self) -> Call:
        until = self.model.paused_until - self.is_one_of(6)
        return self._governed("resume", (), Message.of(RESUMPTION, word(max(0, until))))

    # --- By whom -----------------------------------------------------------------------------------------

    def _governed(self, function: str, arguments: tuple[Any, ...], message: Message) -> Call:
        return self._signed(function, arguments, GOVERNORS_ROLE, message)

    def _signed(self, function: str, arguments: tuple[Any, ...], named: bytes, message: Message) -> Call:
        keys, place = self._signing(named), self.model.place
        if self.is_one_of(12):
            place = self._elsewhere(place)
        signatures = sign(message.digest_at(place), keys)
        if self.is_one_of(10):
            signatures = self._meddle(signatures)
        signers = frozenset(key.address for key in keys) if place == self.model.place else frozenset[bytes]()
        return Call(function, (*arguments, signatures), signers)

    def _elsewhere(self, place: Place) -> Place:
        """Another chain, or another contract on this one."""
        chain_id, address = place
        return self.chance.choice([(chain_id + 1, address), (1, address), (chain_id, address[::-1])])

    def _signing(self, named: bytes) -> list[SigningKey]:
        """Mostly those whose word counts, as many as have to; or of another committee, or one that is no member."""
        standing, now = self.model.standings[named], self.model.now
        bench = self.chance.choice(standing.benches) if self.is_one_of(12) else standing.speaking(now)
        is_careless = self.is_one_of(12)
        able = [
            key
            for key in KEYS[named]
            if key.address in bench.members and (is_careless or key.address not in standing.revoked)
        ]
        count = min(len(able), bench.threshold + self.is_one_of(5) - self.is_one_of(15))
        keys = self.chance.sample(able, max(0, count))
        if keys and self.is_one_of(20):
            keys[0] = STRANGER
        return sorted(keys, key=lambda key: key.address)

    def _meddle(self, signatures: list[bytes]) -> list[bytes]:
        """What looks like more signatures than there are, or like another one."""
        if not signatures:
            return [bytes(65)] * self.chance.randint(1, 3)
        one, rest = signatures[0], signatures[1:]
        return self.chance.choice([
            [twin_of(one), *rest],
            [*signatures, twin_of(one)],
            [one, *signatures],
            [one, *[one] * len(rest)],
            signatures[::-1],
            rest,
            [one[:64], *rest],
            [one + b"\0", *rest],
            [one[:64] + bytes((one[64] - 27,)), *rest],
            [one[:32] + bytes(32) + one[64:], *rest],
            [bytes(65), *rest],
            signatures * (MAX_MEMBERS + 1),
        ])  # fmt: skip
