"""What `ringfence relay` is made of: verifiers that can be asked, a watch in its own thread, a file of where it is.

The watch and the chains are waited for at the same time: whatever waits for a block does not hold up what is said.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Final, Generic, Self

from chains.contracts import find_escrow
from chains.departures import Departures, Seizures
from chains.gate import AttestationGate
from chains.guarding import Contested, Guard, Holders, MembersOf
from chains.observing.parts import PAUSES, Parts
from chains.paying import Payer, PaymentTold
from chains.relaying import Place, Relay
from chains.rpc import Chain
from chains.transactions import Sender
from facts.anchor import Anchor
from facts.attestation import SignedAttestation
from facts.log_entry import State
from facts.secp256k1 import SigningKey
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, read_document
from margin.errors import InternalError, MarginError, Reason
from ringfence.cli.orders import OrderFolder
from ringfence.cli.relay_settings import FollowedSettings, RelaySettings
from ringfence.client.answers import Holding
from ringfence.client.connection import Connection
from ringfence.client.errors import ClientError, StatusError, UnreachableError
from ringfence.client.heads import LastHead
from ringfence.client.log import require_log_keys
from ringfence.client.procedure import Change, ItemT, Watch
from ringfence.client.verifier import MOST_ACCEPTANCES, Verifier
from snark.r1cs.container import replace_file

STATE_FORMAT: Final = "ringfence.relay-state/1"
MOST_AHEAD: Final = 64
"""So many changes are read before they are carried."""
GLANCE_SECONDS: Final = 0.2
HOLDING: Final = (State.ACCEPTED, State.REFRESHED, State.LAPSED, State.SEIZED)
"""States in which an acceptance can have locks."""
SEIZING: Final = (State.SEIZED,)
"""Whose last word may be by which a lock was seized: it has left, and its venue is still to be paid."""
ENDING: Final = (State.SEIZED, State.RELEASED)
"""Whose last word is by which locks have left."""


@dataclass(frozen=True, slots=True)
class Source:
    """A verifier at the end of a connection."""

    connection: Connection
    verifier: Verifier


@dataclass(slots=True)
class HolderList:
    """Whose each lock is or was, as a verifier lists it: once for exit after exit, however many there are.

    A list names the locks that are held. Those that have left stand in the last word alone, which is asked for once
    for each revision, and not before a lock is looked for that nobody holds.
    """

    source: Source
    most: int
    holding: Sequence[State] = HOLDING
    """States of acceptances whose locks are meant."""
    leaving: Sequence[State] = SEIZING
    """Of those whose last word says which locks have left."""
    _holders: dict[int, str] = field(default_factory=dict)
    _left: dict[int, str] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)
    """Of each acceptance that has ended the revision of the last word."""
    _unread: set[str] = field(default_factory=set)
    _is_whole: bool = True
    _good_until: float = 0.0

    def find(self, nullifier: int) -> str | None:
        """The acceptance that has a lock; of a list that is too long to be whole nothing follows for the others."""
        if monotonic() >= self._good_until:
            self._list()
        if nullifier not in self._holders and nullifier not in self._left:
            self._read_words()
        found = self._holders.get(nullifier) or self._left.get(nullifier)
        if found is None and not self._is_whole:
            expected = f"fewer than {self.most} acceptances of one state"
            raise InternalError(Reason.OUT_OF_BOUNDS, "acceptances", found="more", expected=expected)
        return found

    def _read_words(self) -> None:
        """By which locks have left acceptances that have ended, as far as that is not known."""
        while self._unread:
            acceptance = next(iter(self._unread))
            said = self.source.connection.ask(self.source.verifier.acceptance(acceptance)).attestation
            for nullifier in said.left:
                self._left.setdefault(nullifier, acceptance)
            self._read[acceptance] = said.revision
            self._unread.remove(acceptance)

    def _list(self) -> None:
        began = monotonic()
        holders: dict[int, str] = {}
        is_whole = True
        for state in dict.fromkeys((*self.holding, *self.leaving)):
            reports = self.source.connection.ask(self.source.verifier.acceptances(state, most=self.most))
            is_whole = is_whole and len(reports) < self.most
            for report in reports:
                for nullifier in report.nullifiers:
                    holders.setdefault(nullifier, report.id)
                if state in self.leaving and self._read.get(report.id) != report.revision:
                    self._unread.add(report.id)
        now = monotonic()
        self._holders, self._is_whole, self._good_until = holders, is_whole, now + PAUSES * (now - began)


@dataclass(frozen=True, slots=True)
class Sources:
    """All verifiers of one log: who is not there is left out, who answers wrongly ends everything."""

    sources: Sequence[Source]
    most_listed: int = MOST_ACCEPTANCES
    holding: Sequence[State] = HOLDING
    leaving: Sequence[State] = SEIZING
    """Which locks are looked for, as a list of them has it."""
    _holders: HolderList = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        listed = HolderList(self.sources[0], self.most_listed, self.holding, self.leaving)
        object.__setattr__(self, "_holders", listed)

    def find_holder(self, nullifier: int) -> str | None:
        """The acceptance that has a lock among its own, live, lapsed or seizing, or has just seized it."""
        try:
            return self._holders.find(nullifier)
        except (UnreachableError, StatusError) as error:
            expected = "a verifier that answers"
            raise InternalError(Reason.STORE_UNAVAILABLE, "verifiers", found=error.found, expected=expected) from None

    def ask(self, acceptance: str, _: MembersOf | None = None, /) -> list[SignedAttestation]:
        """What each says of an acceptance."""
        heard = []
        for source in self.sources:
            try:
                heard.append(source.connection.ask(source.verifier.acceptance(acceptance)).signed)
            except (UnreachableError, StatusError):
                continue
        return heard

    def find_left(self, acceptance: str) -> tuple[Holding, tuple[bytes, ...]]:
        """An acceptance with what was left for the venue, from the first that answers."""
        found = ""
        for source in self.sources:
            try:
                return source.connection.ask(source.verifier.acceptance_with_releases(acceptance))
            except (UnreachableError, StatusError) as error:
                found = error.found
        raise InternalError(Reason.STORE_UNAVAILABLE, "verifiers", found=found, expected="a verifier that answers")

    def find_periods(self) -> dict[Place, int]:
        """How long acceptances live at the destinations that a verifier tells of; nothing where it is not there."""
        source = self.sources[0]
        try:
            told = source.connection.ask(source.verifier.trust()).destinations
        except (UnreachableError, StatusError):
            return {}
        return {(each.chain_id, each.contract): each.acceptance_seconds for each in told}


@contextmanager
def open_sources(settings: FollowedSettings, anchor: Anchor) -> Iterator[Sources]:
    """Verifiers for as long as the block lasts."""
    keys = require_log_keys(anchor)
    with ExitStack() as stack:
        yield Sources(
            [
                Source(
                    stack.enter_context(Connection(server.connection)), Verifier(anchor, LastHead(keys, server.heads))
                )
                for server in settings.verifiers
            ]
        )


@unique
class Cargo(StrEnum):
    """What is carried to contracts."""

    ATTESTATION = "attestation"
    EXIT = "exit"
    PAYMENT = "payment"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Round:
    """What came of looking at everything that is under way."""

    waiting: Mapping[Cargo, int]
    """How much could not be done, and is tried again."""
    failure: MarginError | None
    """A contract that could not be looked at, as its chain did not answer."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told of what happens at escrows, and of each round."""

    contested: Callable[[Contested], object]
    paid: Callable[[PaymentTold], object]
    attended: Callable[[Round], object]


@dataclass(frozen=True, slots=True)
class Carriage:
    """Where things are carried: gates that are told, escrows that are guarded, and those that are to pay."""

    gates: Mapping[Place, AttestationGate]
    guards: Sequence[Guard]
    payers: Sequence[Payer]
    orders: OrderFolder | None
    """What they are to pay."""
    departures: Departures | None
    """What is kept of the verifiers' words by which locks have left."""
    chains: Mapping[int, Chain]
    tell: Telling

    def attend(self, untold: int = 0) -> None:
        """Hold up whoever may not leave yet, and have paid what is due; a chain that does not answer waits.

        So many attestations no gate was told of: the round is told with them.
        """
        failure: InternalError | None = None
        looks = () if self.orders is None else (self.orders.look,)
        attending = (*(guard.attend for guard in self.guards), *looks, *(payer.attend for payer in self.payers))
        for attend in attending:
            try:
                attend()
            except InternalError as error:
                failure = failure or error
        waiting = {
            Cargo.ATTESTATION: untold,
            Cargo.EXIT: sum(guard.waiting for guard in self.guards),
            Cargo.PAYMENT: sum(payer.waiting for payer in self.payers),
        }
        self.tell.attended(Round(waiting, failure))

    def attend_once(self, untold: int = 0) -> None:
        """The same, for whoever does not come back: of all releases that lie there."""
        if self.orders is not None:
            self.orders.look_at_all()
        self.attend(untold)


@contextmanager
def open_contracts(
    settings: RelaySettings, signer: SigningKey, sources: Sources | None, tell: Telling
) -> Iterator[Carriage]:
    """The contracts, each told things by the account of its chain."""
    with ExitStack() as stack:
        chains = {number: stack.enter_context(access.open()) for number, access in settings.chains.items()}
        senders = {number: Sender(chain, signer, settings.chains[number].bounds) for number, chain in chains.items()}
        depths = {number: access.confirmations for number, access in settings.chains.items()}
        gates = [
            AttestationGate.open(chains[number], place.address, senders[number], depths[number])
            for place in (settings.followed.gates if settings.followed else ())
            for number in (place.chain_id,)
        ]
        heard = [Parts(each.parts, each.place.chain_id, each.place.address) for each in settings.observed]
        departures = open_departures(settings, sources)
        holders, left = list_holders(sources, departures, heard)
        escrows = [
            (each, find_escrow(chains[number], each.place.address), senders[number])
            for each in settings.escrows
            for number in (each.place.chain_id,)
        ]
        guards = [
            Guard(contract, sender, holders, tell.contested, each.first_block, depths[each.place.chain_id])
            for each, contract, sender in escrows
        ]
        orders = None if settings.payments is None else OrderFolder(settings.payments)
        payers = [
            Payer(contract, sender, left, orders, tell.paid) for _, contract, sender in escrows if orders is not None
        ]
        yield Carriage({gate.place: gate for gate in gates}, guards, payers, orders, departures, chains, tell)


def list_holders(
    sources: Sources | None, departures: Departures | None, heard: Sequence[Holders]
) -> tuple[list[Holders], list[Holders]]:
    """Who is asked of a lock that is to leave, and of one that has left."""
    holding: list[Holders] = [sources] if sources else []
    leaving: list[Holders] = [replace(sources, holding=(), leaving=ENDING)] if sources else []
    seized: list[Holders] = [Seizures(departures)] if departures else []
    kept: list[Holders] = [departures] if departures else []
    return [*holding, *seized, *heard], [*kept, *leaving, *heard]


def open_departures(settings: RelaySettings, sources: Sources | None) -> Departures | None:
    """The words by which locks have left, where there is a folder for them."""
    if settings.followed is None or settings.followed.words is None or sources is None:
        return None
    return Departures(settings.followed.words, sources)


# --- Where it is -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class StateFile:
    """The token up to which everything is settled; it is on the disk when a write returns."""

    path: Path
    token: str = ""

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        with Fields(read_document(self.path)) as fields:
            require_format(fields, STATE_FORMAT)
            self.token = fields.text("token")

    def write(self, token: str) -> None:
        """Go on, if there is anything new."""
        if not token or token == self.token:
            return
        with replace_file(self.path) as file:
            file.write((json.dumps({"format": STATE_FORMAT, "token": token}, indent=2) + "\n").encode())
        self.token = token


# --- The watch -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Follower(Generic[ItemT]):
    """What a server tells of, read in a thread of its own."""

    connection: Connection
    watch: Watch[ItemT]
    token: str = ""
    _inbox: "Queue[Change[ItemT] | ClientError]" = field(default_factory=lambda: Queue(MOST_AHEAD))
    _is_over: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        """From the token on."""
        Thread(target=self._follow, name="watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nobody listens any more."""
        self._is_over.set()

    def next(self, seconds: float) -> Change[ItemT] | None:
        """The next change, if one comes in time; what ended the watch is raised here."""
        try:
            found = self._inbox.get(block=seconds > 0, timeout=seconds or None)
        except Empty:
            return None
        if isinstance(found, ClientError):
            raise found
        return found

    def _follow(self) -> None:
        try:
            for change in self.connection.follow(self.watch, self.token):
                if not self._put(change):
                    return
        except ClientError as error:
            self._put(error)

    def _put(self, found: Change[ItemT] | ClientError) -> bool:
        """Hand it over, unless nobody listens."""
        while not self._is_over.is_set():
            try:
                self._inbox.put(found, timeout=GLANCE_SECONDS)
            except Full:
                continue
            return True
        return False


def carry(relay: Relay, sources: Sequence[Source], state: StateFile, round_seconds: float, carriage: Carriage) -> None:
    """Carry what is said for as long as somebody lets it; where it has never been, from how everything is."""
    is_new, looked, source = not state.token, 0.0, sources[0]
    with ExitStack() as stack:
        follower, *voices = (
            stack.enter_context(Follower(each.connection, each.verifier.watch_with_signs(), state.token))
            for each in sources
        )
        while True:
            for voice in voices:
                listen(relay, voice)
            change = None if relay.is_full else follower.next(round_seconds)
            if change is not None and is_new:  # the watch has begun: what comes after this list is told
                take_all(relay, source)
                is_new = False
            if change is not None and change.item is None:
                relay.go_on(change.token)
            elif change is not None and change.item is not None:
                relay.take(change.item.signed, change.token)
            if change is None or monotonic() - looked >= round_seconds:
                relay.attend()
                state.write(relay.token)
                carriage.attend(relay.waiting)
                looked = monotonic()


def listen(relay: Relay, voice: Follower[Holding | None]) -> None:
    """What another verifier has said since; one that is not there is missed only where its signature is needed."""
    with suppress(UnreachableError, StatusError):
        while (change := voice.next(0)) is not None:
            if change.item is not None:
                relay.hear(change.item.signed)


def carry_observed(carriage: Carriage, round_seconds: float) -> None:
    """Tell escrows what observers say for as long as somebody lets it, where no verifier is followed."""
    while True:
        carriage.attend()
        sleep(round_seconds)


def carry_once(relay: Relay, source: Source) -> None:
    """Tell the gates how everything is that the verifier has now; the watch stays where it is."""
    take_all(relay, source)
    relay.attend()


def take_all(relay: Relay, source: Source) -> None:
    """How everything is that the verifier has."""
    for report in source.connection.ask(source.verifier.acceptances()):
        relay.take(source.connection.ask(source.verifier.acceptance(report.id)).signed, "")
