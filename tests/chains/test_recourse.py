"""What traders sealed for the venue is looked into before a gate is told: every lie in it, on real escrows."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chains.gate import LONGEST_PERIOD
from chains.relaying import Relay, Step, Told
from facts.anchor import Anchor
from facts.attestation import Attestation, SignedAttestation
from facts.context import Binding
from facts.demand import Demand, ReleaseDemand
from facts.log_entry import Event, State
from facts.public_inputs import PublicInputs, unused_input
from facts.sealed_release import create_release_key, open_release_key, seal_release
from margin.errors import Reason
from ringfence.cli.entry import run
from ringfence.cli.recourse import Escrow as Seen
from ringfence.cli.recourse import SealedRecourse
from ringfence.wire.claim import write_claim
from snark.groth16.formats.verification_key import format_verifying_key
from tests.chains.nodes import needs_nodes
from tests.chains.post import Post, add_account, posted, write_settings
from tests.chains.standing import DOMAIN, Standing, at_gate, standing
from tests.contracts.arena import CHAIN_ID, open_arena
from tests.contracts.escrows import EXITS, PERIOD, RELEASES, SEIZURE, Escrow
from tests.facts.attestations import ACCEPTED, KEY, chain_key_of, sign
from tests.facts.specimens import NOW
from tests.packaging.sources import read
from tests.verifier.running import BRIDGE, CHEAP, PASSPHRASE, RELEASE, VENUE_DESK

pytestmark = needs_nodes
VOICE = chain_key_of("a verifier whose word the gate takes")
VENUE = b"\x44" * 20
ROOT = 2**248 + 1
EXPIRY = NOW + 600 + SEIZURE
"""The last moment that is early enough for an acceptance that lapses in ten minutes."""
DEMAND = ReleaseDemand("usdc", 1000)


@pytest.fixture(scope="module")
def escrow() -> Iterator[Escrow]:
    """An escrow on a chain of its own, where one root of locks was posted."""
    with open_arena() as arena:
        made = Escrow.found(arena, RELEASE.key, EXITS.key, is_for_development=False)
        made.post(ROOT)
        yield made


@pytest.fixture(scope="module")
def gate() -> Iterator[Standing]:
    with standing([VOICE]) as found:
        yield found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the venue's key, and its public part beside it."""
    folder = tmp_path_factory.mktemp("venue")
    (folder / "release.pub").write_bytes(create_release_key(folder / "release.key", PASSPHRASE, CHEAP))
    return folder


def door_of(escrow: Escrow, function: str = "seize") -> bytes:
    return escrow.contract.door(function)


def binding_of(escrow: Escrow, **changes: Any) -> Binding:  # noqa: ANN401
    return replace(Binding("desk-1", CHAIN_ID, door_of(escrow), VENUE, EXPIRY), **changes)


def release_of(nullifier: int, binding: Binding, **changes: Any) -> bytes:  # noqa: ANN401
    """A claim of a release as a trader makes it; with changes it is another one than it says."""
    said: dict[str, Any] = {"demand": DEMAND, "domain": DOMAIN, "lock_root": ROOT, "key": RELEASE} | changes
    demand = Demand(said["demand"], said["domain"], binding)
    unused = {name: unused_input(name) for name in ("book_root", "market_root", "position_tag")}
    inputs = PublicInputs(
        lock_root=said["lock_root"],
        nullifiers=(nullifier,),
        context=demand.context,
        policy=DEMAND.encode(),
        **unused,
    )
    return write_claim(RELEASE.key.id, inputs, said["key"].prove(inputs), demand).SerializeToString()


@dataclass
class Left:
    """What traders left, as a verifier has it."""

    held: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: int = 0
    is_shown: bool = True

    def find_left(self, acceptance: str) -> Any:  # noqa: ANN401
        self.asked += 1
        left = self.held[acceptance]
        holding = SimpleNamespace(attestation=SimpleNamespace(held=tuple(left)))
        return holding, tuple(left.values()) if self.is_shown else ()


@dataclass
class Venue:
    """A venue with a relay of its own."""

    gate: Standing
    escrow: Escrow
    left: Left
    relay: Relay
    told: list[Told]
    public_key: bytes

    @property
    def steps(self) -> list[Step]:
        return [each.step for each in self.told]

    def say(self, name: str, **changes: Any) -> Attestation:  # noqa: ANN401
        identity = name.encode().hex().ljust(64, "0")[:64]
        number = int(identity[:24], 16)
        named = {"acceptance": identity, "claim_id": identity, "held": (number,), **changes}
        return at_gate(ACCEPTED, self.gate, **named)

    def leave(self, said: Attestation, **changes: Any) -> None:  # noqa: ANN401
        """What a trader leaves that is honest, or lies in one place."""
        seal = changes.pop("seal", lambda claim: seal_release(claim, self.public_key))
        binding = binding_of(self.escrow, **changes.pop("binding", {}))
        about = changes.pop("about", 0)
        self.left.held[said.acceptance] = {
            each: seal(release_of(each + about, binding, **changes)) for each in said.held
        }

    def take(self, said: Attestation) -> Step:
        self.relay.take(word(said), said.acceptance)
        return self.steps[-1]


def word(said: Attestation) -> SignedAttestation:
    return sign(said, KEY, VOICE)


class Silent:
    """Verifiers that have nothing to add."""

    def ask(self, acceptance: str) -> Sequence[SignedAttestation]:  # noqa: ARG002
        return []


@pytest.fixture
def venue(gate: Standing, escrow: Escrow, keys: Path) -> Venue:
    anchor, left = Anchor("desk-1", DOMAIN, (KEY.public_key,)), Left()
    key = open_release_key(keys / "release.key", PASSPHRASE)
    seen = Seen.open(escrow.arena.chain, escrow.contract.address)
    recourse = SealedRecourse(anchor, key, RELEASE.key, VENUE, {seen.door: seen}, left, lambda: NOW)
    told: list[Told] = []
    relay = Relay({gate.gate.place: gate.gate}, anchor, Silent(), told.append, lambda: NOW, recourse=recourse)
    return Venue(gate, escrow, left, relay, told, key.public_key)


def test_what_could_be_seized_is_carried(venue: Venue) -> None:
    said = venue.say("honest")
    venue.leave(said)
    assert venue.take(said) is Step.SUBMITTED
    assert venue.gate.gate.is_live(said.acceptance)
    later = replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1)
    assert venue.take(later) is Step.SUBMITTED
    assert venue.left.asked == 1, "what was opened is not asked for again"


LIES: dict[str, Callable[[Escrow], dict[str, Any]]] = {
    "junk": lambda _: {"seal": lambda _: b"\x07" * 2096},
    "nothing": lambda _: {"seal": lambda _: b""},
    "another lock": lambda _: {"about": 1},
    "another recipient": lambda _: {"binding": {"recipient": b"\x45" * 20}},
    "another door": lambda escrow: {"binding": {"contract": door_of(escrow, "withdraw")}},
    "the escrow without a door": lambda escrow: {"binding": {"contract": escrow.contract.address}},
    "another chain": lambda _: {"binding": {"chain_id": 1}},
    "another verifier": lambda _: {"binding": {"verifier": "desk-2"}},
    "another domain": lambda _: {"domain": "elsewhere.example"},
    "a second too short": lambda _: {"binding": {"expiry": EXPIRY - 1}},
    "over already": lambda _: {"binding": {"expiry": NOW}},
    "another amount": lambda _: {"demand": ReleaseDemand("usdc", 1001)},
    "a proof of another key": lambda _: {"key": replace(RELEASE, simulator=RELEASES)},
}


@pytest.mark.parametrize("lie", LIES)
def test_attack_what_could_not_be_seized_opens_no_gate(venue: Venue, lie: str) -> None:
    said, before = venue.say(f"lie {lie}"), venue.gate.sent
    venue.leave(said, **LIES[lie](venue.escrow))
    assert venue.take(said) is Step.REFUSED
    assert venue.told[-1].why.startswith(f"{Reason.NO_RECOURSE} sealed_release[{said.held[0]}]")
    assert venue.gate.sent == before
    assert venue.gate.gate.find(said.acceptance) is None
    assert venue.relay.refused == 1


def test_attack_what_is_sealed_and_no_claim_is_refused_too(venue: Venue) -> None:
    said = venue.say("no message")
    venue.leave(said, seal=lambda claim: seal_release(b"\xff" + claim[:100], venue.public_key))
    assert venue.take(said) is Step.REFUSED


def test_attack_a_root_that_is_never_posted_is_waited_for_until_it_is_late(venue: Venue) -> None:
    said, root = venue.say("unposted"), ROOT + 1
    venue.leave(said, lock_root=root)
    assert venue.take(said) is Step.WAITING
    assert venue.told[-1].why.startswith(f"{Reason.NOT_ACTIVE} sealed_release.lock_root")
    venue.relay.attend()
    assert len(venue.told) == 1
    venue.escrow.post(root, sequence=2)
    venue.relay.attend()
    assert venue.steps == [Step.WAITING, Step.SUBMITTED]
    never = venue.say("never posted")
    venue.leave(never, lock_root=ROOT + 2)
    venue.take(never)
    venue.relay.clock = lambda: never.lapses_at
    venue.relay.attend()
    assert venue.steps[-2:] == [Step.WAITING, Step.LATE]


def test_attack_a_short_release_is_not_outlived_by_refreshes(venue: Venue) -> None:
    said = venue.say("an hour")
    venue.leave(said)
    assert venue.take(said) is Step.SUBMITTED
    longer = replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=said.lapses_at + 1)
    assert venue.take(longer) is Step.REFUSED
    known = venue.gate.gate.find(said.acceptance)
    assert known is not None
    assert known.lapses_at == said.lapses_at


def test_attack_letting_one_lock_go_does_not_bring_in_what_was_refused(venue: Venue) -> None:
    said = venue.say("two locks")
    held = (said.held[0], said.held[0] + 1)
    first = replace(said, held=held)
    venue.leave(first, binding={"expiry": EXPIRY + 5})
    assert venue.take(first) is Step.SUBMITTED
    longer = replace(first, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=said.lapses_at + 9)
    assert venue.take(longer) is Step.REFUSED
    freed = replace(longer, event=Event.FREE, revision=2, held=held[:1], left=held[1:])
    assert venue.take(freed) is Step.REFUSED
    shorter = replace(freed, lapses_at=said.lapses_at)
    assert venue.take(shorter) is Step.SUBMITTED, "what only takes away is carried"


def test_what_ends_an_acceptance_is_carried_whatever_was_sealed(venue: Venue) -> None:
    said = venue.say("ended")
    venue.leave(said, about=1)
    assert venue.take(said) is Step.REFUSED
    lapse = replace(said, event=Event.LAPSE, state=State.LAPSED, revision=1, claim_id=None, key_id=None)
    assert venue.take(lapse) is Step.SUBMITTED


def test_an_acceptance_that_let_its_lock_go_meanwhile_alarms_nobody(venue: Venue) -> None:
    said = venue.say("let go")
    venue.left.held[said.acceptance] = {}
    assert venue.take(said) is Step.LATE
    assert venue.relay.refused == 0


def test_who_is_shown_nothing_carries_nothing(venue: Venue) -> None:
    said = venue.say("not shown")
    venue.leave(said)
    venue.left.is_shown = False
    assert venue.take(said) is Step.REFUSED
    assert "a caller of role venue is shown" in venue.told[-1].why


def test_attack_an_acceptance_that_outlives_an_exit_is_no_recourse(venue: Venue) -> None:
    said = venue.say("a day and a second", lapses_at=NOW + PERIOD + 1)
    venue.leave(said, binding={"expiry": NOW + PERIOD + 1 + SEIZURE})
    assert venue.take(said) is Step.REFUSED
    assert f"at most the {PERIOD} of the escrow" in venue.told[-1].why


def test_without_a_key_it_is_told_and_carried(venue: Venue) -> None:
    venue.relay.recourse, venue.relay.longest_period = None, PERIOD
    assert venue.take(venue.say("in time", lapses_at=NOW + PERIOD)) is Step.SUBMITTED
    venue.take(venue.say("too long", lapses_at=NOW + PERIOD + 1))
    assert venue.steps[1:] == [Step.UNCOVERED, Step.SUBMITTED]


def test_the_bound_of_a_gate_is_the_contracts() -> None:
    found = re.search(r"MAX_PERIOD_SECONDS = (\d+) days", read("contracts/src/Attestations.sol"))
    assert found is not None
    assert int(found[1]) * 86_400 == LONGEST_PERIOD


# --- The command -----------------------------------------------------------------------------------------


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with posted(tmp_path, VENUE_DESK) as found:
        yield found


def release_settings(escrow: Escrow, post: Post, keys: Path, key_id: str = RELEASE.key.id) -> str:
    passphrase = post.folder / "release-passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    return f"""
        [[chains]]
        chain_id = {CHAIN_ID}
        endpoints = ["{escrow.arena.node.url}"]
        [release]
        key = "{keys / "release.key"}"
        passphrase_file = "{passphrase}"
        verifying_key = "{post.folder / "release.json"}"
        verifying_key_id = "{key_id}"
        recipient = "0x{VENUE.hex()}"
        [[release.escrows]]
        chain_id = {CHAIN_ID}
        contract = "{escrow.contract.spelling}"
        """


def test_the_command_looks_before_it_tells(
    post: Post,
    escrow: Escrow,
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    public_key = (keys / "release.pub").read_bytes()
    long = binding_of(escrow, expiry=EXPIRY)
    good = post.accept(71, sealed_releases=[seal_release(release_of(71, long), public_key)])
    bad = post.accept(72, sealed_releases=[seal_release(release_of(71, long), public_key)])
    passphrase = add_account(post)
    for place in ("ringfence.client.verifier.read_clock", "ringfence.cli.commands.relay.read_clock"):
        monkeypatch.setattr(place, lambda: NOW)
    command = ["relay", "--settings", str(post.folder / "relay.toml"), "--once", "--passphrase-file", str(passphrase)]
    write_settings(post, VENUE_DESK, release_settings(escrow, post, keys))
    capsys.readouterr()
    assert run([*command, "--json"]) == 1
    shown = capsys.readouterr()
    told = {each["acceptance"]: each for each in map(json.loads, shown.out.splitlines())}
    assert (told[good]["step"], told[bad]["step"]) == ("submitted", "refused")
    assert told[bad]["why"].startswith("NO_RECOURSE sealed_release[72]")
    assert (post.here.gate.is_live(good), post.here.gate.is_live(bad)) == (True, False)
    assert shown.err == "", "periods go together"
    assert PASSPHRASE not in shown.out + shown.err
    write_settings(post, VENUE_DESK, release_settings(escrow, post, keys, "ab" * 32))
    assert run(command) == 1
    assert "V23_KEY_NOT_PINNED" in capsys.readouterr().err
    stranger = post.folder / "stranger.json"
    stranger.write_text(format_verifying_key(RELEASES.key))
    another = release_settings(escrow, post, keys, RELEASES.key.id).replace("release.json", "stranger.json")
    write_settings(post, VENUE_DESK, another)
    assert run(command) == 1
    assert "verifying_key_id" in capsys.readouterr().err, "the escrow checks by another key"
    write_settings(post, VENUE_DESK)
    assert run(command) == 0
    shown = capsys.readouterr()
    assert "looked into" in shown.err
    assert post.here.gate.is_live(bad), "who does not look tells the gate whatever a verifier says"


@pytest.mark.parametrize(
    ("caller", "terms", "warned"),
    [
        (BRIDGE, {"period_seconds": PERIOD + 1}, "PERIOD_TOO_LONG"),
        (VENUE_DESK, {"callers": ["dns:trader.example"]}, "PERIOD_UNKNOWN"),
        (BRIDGE, {"period_seconds": PERIOD}, ""),
    ],
)
def test_the_command_compares_periods_at_its_start(
    tmp_path: Path,
    escrow: Escrow,
    capsys: pytest.CaptureFixture[str],
    caller: str,
    terms: dict[str, object],
    warned: str,
) -> None:
    with posted(tmp_path, caller, **terms) as post:
        write_settings(
            post,
            caller,
            f"""
            [[chains]]
            chain_id = {CHAIN_ID}
            endpoints = ["{escrow.arena.node.url}"]
            [[escrows]]
            chain_id = {CHAIN_ID}
            contract = "{escrow.contract.spelling}"
            first_block = {escrow.contract.block}
            """,
        )
        settings, passphrase = post.folder / "relay.toml", add_account(post)
        assert run(["relay", "--settings", str(settings), "--once", "--passphrase-file", str(passphrase)]) == 0
        said = capsys.readouterr().err
        assert "looked into" in said
        assert re.findall(r"PERIOD_[A-Z]+_?[A-Z]*", said) == ([warned] if warned else [])
