"""What verifiers say is carried to a real gate on a real node: once, also when whoever carries it is killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chains.development.anvil import Anvil
from chains.gate import AttestationGate, Outcome
from chains.relaying import MOST_UNSETTLED, Relay, Step, Told
from chains.rpc import Limits, open_chain
from chains.transactions import Sender
from facts.anchor import Anchor
from facts.attestation import Attestation, SignedAttestation
from facts.log_entry import Event, State
from margin.errors import Reason, RejectedError
from ringfence.cli.entry import run
from tests.chains.carrying import Relayer, Relayers, run_relayers
from tests.chains.nodes import needs_nodes
from tests.chains.post import Post, add_account, posted
from tests.chains.scripted_chain import SilenceError, node_of
from tests.chains.standing import DOMAIN, PAYER, Standing, at_gate, standing
from tests.facts.attestations import ACCEPTED, KEY, STRANGER, chain_key_of, sign
from tests.facts.refusals import refused
from tests.facts.specimens import NOW
from tests.packaging.sources import REPOSITORY
from tests.ringfence.client.calling import settings_of
from tests.verifier.running import BRIDGE, PASSPHRASE

pytestmark = needs_nodes
VOICES = [chain_key_of(f"verifier {number}") for number in range(3)]


@dataclass
class Heard:
    """Verifiers as a test has them speak."""

    said: list[SignedAttestation] = field(default_factory=list)

    def ask(self, acceptance: str) -> Sequence[SignedAttestation]:
        return [each for each in self.said if each.attestation.acceptance == acceptance]


@dataclass
class Carrier:
    """A relay and what it told."""

    relay: Relay
    voices: Heard
    told: list[Told]

    @property
    def steps(self) -> list[Step]:
        return [each.step for each in self.told]


def carrier(here: Standing, moment: int = NOW) -> Carrier:
    told: list[Told] = []
    voices = Heard()
    anchor = Anchor("desk-1", DOMAIN, (KEY.public_key,))
    return Carrier(Relay({here.gate.place: here.gate}, anchor, voices, told.append, lambda: moment), voices, told)


@pytest.fixture(scope="module")
def one() -> Iterator[Standing]:
    """A gate that one verifier opens."""
    with standing(VOICES[:1]) as found:
        yield found


def say(here: Standing, name: str, **changes: object) -> Attestation:
    """An acceptance of its own for each test."""
    identity = name.encode().hex().ljust(64, "0")
    number = int(identity[:16], 16)
    return at_gate(ACCEPTED, here, **{"acceptance": identity, "claim_id": identity, "held": (number,), **changes})


def word(attestation: Attestation, voice: int = 0) -> SignedAttestation:
    return sign(attestation, KEY, VOICES[voice])


def test_each_thing_once(one: Standing) -> None:
    carried, said = carrier(one), say(one, "once")
    before = one.sent
    carried.relay.take(word(said), "a")
    assert one.gate.is_live(said.acceptance)
    assert one.gate.acceptance_of(said.held[0]) == said.acceptance
    carried.relay.take(word(said), "b")
    assert carried.steps == [Step.SUBMITTED, Step.KNOWN]
    assert (one.sent - before, one.attested(said.acceptance)) == (1, 1)


def test_attack_a_chain_that_hangs_is_asked_once_a_round_however_much_is_due(one: Standing) -> None:
    """Else whoever lets a chain hang keeps the same relayer from guarding the escrow on another one, for hours."""
    gone = Gone(one.node)
    with node_of(gone.answer) as url, open_chain([url], 1, Limits(attempts=1)) as chain:
        gate = AttestationGate.open(chain, one.gate.contract.address, Sender(chain, PAYER))
        carried = carrier(replace(one, chain=chain, gate=gate))
        gone.is_gone = True
        for place in range(8):
            carried.relay.take(word(say(one, f"due {place}")), "")
        gone.asked = 0
        carried.relay.attend()
        assert (gone.asked, carried.relay.waiting) == (1, 8)
        gone.is_gone = False
        carried.relay.attend()
        assert carried.relay.waiting == 0
        gone.is_gone, gone.asked = True, 0
        carried.relay.attend()
        assert (gone.asked, carried.relay.unsettled) == (1, 8)


@dataclass
class Gone:
    """A node that sometimes says nothing, and how often it was asked."""

    node: Anvil
    is_gone: bool = False
    asked: int = 0

    def answer(self, method: str, params: list[object]) -> object:
        self.asked += 1
        if self.is_gone:
            raise SilenceError
        return self.node.ask(method, *params)


def test_attack_one_word_that_waits_fills_no_relay_with_what_is_done(one: Standing) -> None:
    """A trader has it in hand that its own word waits, by a root that is never posted; all others are carried."""
    carried, slow = carrier(one), say(one, "slow")
    carried.relay.recourse = unposted = Unposted()
    elsewhere = word(replace(say(one, "elsewhere"), chain_id=77))
    carried.relay.take(word(slow), "slow")
    for place in range(MOST_UNSETTLED):
        carried.relay.take(elsewhere, f"behind {place}")
    carried.relay.attend()
    assert (carried.relay.is_full, carried.relay.unsettled, carried.relay.token) == (False, 1, "")
    unposted.is_posted = True
    carried.relay.attend()
    one.node.finalise()
    carried.relay.attend()
    assert (carried.relay.unsettled, carried.relay.token) == (0, f"behind {MOST_UNSETTLED - 1}")


@dataclass
class Unposted:
    """What a trader left is proved under a root that nobody has posted yet."""

    is_posted: bool = False

    def require(self, said: Attestation) -> None:
        if not self.is_posted:
            raise RejectedError(
                Reason.NOT_ACTIVE, "lock_root", found=said.acceptance, expected="a root that was posted"
            )


def test_the_token_is_good_up_to_what_is_final(one: Standing) -> None:
    carried, first, second = carrier(one), say(one, "first"), say(one, "second")
    carried.relay.take(word(first), "a")
    carried.relay.attend()
    assert (carried.relay.token, carried.relay.unsettled) == ("", 1)
    one.node.finalise()
    carried.relay.take(word(second), "b")
    carried.relay.attend()
    assert (carried.relay.token, carried.relay.unsettled) == ("a", 1)
    one.node.finalise()
    carried.relay.attend()
    assert (carried.relay.token, carried.relay.unsettled) == ("b", 0)


def test_what_a_reorganisation_takes_back_is_sent_again(one: Standing) -> None:
    carried, said = carrier(one), say(one, "taken back")
    one.node.mine()
    carried.relay.take(word(said), "a")
    one.node.reorganise(1)
    assert one.gate.find(said.acceptance) is None
    carried.relay.attend()
    carried.relay.attend()
    assert carried.steps == [Step.SUBMITTED, Step.LOST, Step.SUBMITTED]
    assert one.attested(said.acceptance) == 1
    one.node.finalise()
    carried.relay.attend()
    assert carried.relay.token == "a"  # noqa: S105 - of a watch


def test_all_that_becomes_of_an_acceptance(one: Standing) -> None:
    carried, said = carrier(one), say(one, "life")
    more = (said.held[0], said.held[0] + 1)
    lives = [
        said,
        replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1, held=more, lapses_at=NOW + 900),
        replace(said, event=Event.FREE, state=State.REFRESHED, revision=2, held=more[1:], left=more[:1]),
        replace(said, event=Event.LAPSE, state=State.LAPSED, revision=3, held=more[1:], claim_id=None, key_id=None),
        replace(said, event=Event.SEIZE, state=State.SEIZED, revision=4, held=(), left=more[1:]),
    ]
    for number, each in enumerate(lives):
        carried.relay.take(word(each), str(number))
    assert carried.steps == [Step.SUBMITTED] * 5
    known = one.gate.find(said.acceptance)
    assert known is not None
    assert (known.state, known.revision, known.held) == (State.SEIZED, 4, 0)
    carried.relay.take(word(lives[1]), "again")
    assert carried.steps[-1] is Step.KNOWN


def test_a_gate_that_is_paused_is_asked_again(one: Standing) -> None:
    carried, said = carrier(one), say(one, "paused")
    one.pause()
    carried.relay.take(word(said), "a")
    carried.relay.attend()
    carried.relay.attend()
    assert carried.steps == [Step.WAITING]
    assert "Paused" in carried.told[0].why
    assert carried.relay.waiting == 1
    one.resume()
    carried.relay.attend()
    assert carried.steps == [Step.WAITING, Step.SUBMITTED]
    assert one.gate.is_live(said.acceptance)


def test_a_lock_that_is_taken_is_refused_by_name(one: Standing) -> None:
    carried, said = carrier(one), say(one, "holder")
    carried.relay.take(word(said), "a")
    carried.relay.take(word(say(one, "thief", held=said.held)), "b")
    assert carried.steps == [Step.SUBMITTED, Step.REFUSED]
    assert carried.told[-1].why.startswith("NullifierTaken(nullifier=")
    assert carried.relay.refused == 1


def test_what_has_lapsed_is_late_and_holds_nothing_up(one: Standing) -> None:
    carried = carrier(one, NOW + 2000)
    said = say(one, "late", moment=NOW - 100, lapses_at=NOW - 10)
    carried.relay.take(word(said), "a")
    carried.relay.attend()
    assert carried.steps == [Step.LATE]
    assert carried.relay.token == "a"  # noqa: S105 - of a watch


def test_what_is_good_elsewhere_is_left(one: Standing) -> None:
    carried = carrier(one)
    carried.relay.take(word(say(one, "elsewhere", contract=b"\x09" * 20)), "a")
    carried.relay.take(word(say(one, "another chain", chain_id=2)), "b")
    carried.relay.attend()
    assert (carried.steps, carried.relay.token) == ([Step.ELSEWHERE] * 2, "b")


def test_attack_what_the_anchor_refuses_is_carried_nowhere(one: Standing) -> None:
    carried, said, before = carrier(one), say(one, "forged"), one.sent
    take = carried.relay.take
    assert refused(take, sign(said, STRANGER, VOICES[0]), "a") == (Reason.UNKNOWN_SIGNER, "ed25519_key_id")
    other = replace(said, verifier="another desk")
    assert refused(take, word(other), "a") == (Reason.WRONG_CONTEXT, "verifier")
    unproved = replace(said, is_for_development=True)
    assert refused(take, word(unproved), "a") == (Reason.CONFLICTING_FIELDS, "is_for_development")
    altered = replace(word(said), attestation=replace(said, lapses_at=NOW + 10**6))
    assert refused(take, altered, "a")[0] is Reason.WRONG_SIGNATURE
    assert (carried.steps, one.sent - before) == ([], 0)


def test_attack_a_signature_that_no_member_made_waits_and_costs_nothing(one: Standing) -> None:
    carried, said, before = carrier(one), say(one, "stranger"), one.sent
    carried.relay.take(word(said, 2), "a")
    assert (carried.steps, one.sent - before) == ([Step.WAITING], 0)
    carried.voices.said = [word(said, 0)]  # the verifier signs with the key that is appointed
    carried.relay.attend()
    assert carried.steps == [Step.WAITING, Step.SUBMITTED]


def test_as_many_as_have_to_say_the_same() -> None:
    with standing(VOICES) as here:
        carried, said = carrier(here), say(here, "two of three")
        later = replace(said, event=Event.REFRESH, state=State.REFRESHED, revision=1, lapses_at=NOW + 900)
        carried.relay.take(word(said, 1), "a")
        assert carried.steps == [Step.WAITING]
        carried.voices.said = [word(later, 0), word(said, 2)]  # one of them is ahead
        carried.relay.attend()
        assert carried.steps[-1] is Step.SUBMITTED
        known = here.gate.find(said.acceptance)
        assert known is not None
        assert known.revision == 0
        carried.voices.said = [word(later, 0), word(later, 2), word(said, 1)]
        carried.relay.take(word(later, 1), "b")
        assert here.gate.submit([word(later, number) for number in range(3)]).outcome is Outcome.KNOWN


def test_a_word_by_which_a_lock_left_is_kept_of_each_who_was_heard_or_asked() -> None:
    """An escrow wants as many signatures of it as a gate, long after verifiers say something else."""
    with standing(VOICES) as here:
        carried, said = carrier(here), say(here, "kept")
        freed = replace(said, event=Event.FREE, state=State.RELEASED, revision=1, held=(), left=said.held)
        kept: list[SignedAttestation] = []
        carried.relay.keep = kept.append
        carried.relay.take(word(said), "a")
        carried.voices.said = [word(freed, 1)]
        carried.relay.take(word(freed), "b")
        assert {each.attestation for each in kept} == {freed}
        assert {each.eip712_signer for each in kept} == {each.address for each in VOICES[:2]}


def test_attack_a_word_that_was_overtaken_is_delivered_all_the_same() -> None:
    """A refresh comes before the others were asked: they answer the newest word alone, but were heard before."""
    with standing(VOICES) as here:
        carried, said = carrier(here), say(here, "overtaken")
        held = (said.held[0], said.held[0] + 1)
        first = replace(said, held=held)
        freed = replace(first, event=Event.FREE, state=State.ACCEPTED, revision=1, held=held[:1], left=held[1:])
        later = replace(freed, event=Event.REFRESH, state=State.REFRESHED, revision=2, left=(), lapses_at=NOW + 900)
        for number, each in enumerate((first, freed, later)):
            carried.relay.hear(word(each, 1))
            carried.voices.said = [word(later, 0), word(later, 1), word(later, 2)]
            carried.relay.take(word(each), str(number))
        assert carried.steps[-1] is not Step.WAITING
        assert here.gate.knows(freed)
        here.node.finalise()
        carried.relay.attend()
        assert carried.relay.unsettled == 0


# --- Killed, with a verifier that serves -----------------------------------------------------------------


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with posted(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def relayers() -> Iterator[Relayers]:
    with run_relayers() as program:
        yield program


def until(what: str, process: Relayer, happens: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert process.poll() is None, f"ended before {what}"
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.parametrize("death", ["handed", "mined", "writing"])
def test_killed_and_taken_up_again_there_is_one_effect(post: Post, relayers: Relayers, death: str) -> None:
    acceptance = post.accept(41)
    here = post.here
    with post.start(relayers, death) as killed:
        if death == "writing":  # it dies when what it sent is final
            until("the gate opens", killed, lambda: here.gate.is_live(acceptance))
            here.node.finalise()
        assert killed.wait(60) == -signal.SIGKILL
    assert post.token is None
    with post.start(relayers) as again:
        until("the gate opens", again, lambda: here.gate.is_live(acceptance))
        here.node.finalise()
        until("the token is written", again, lambda: post.token)
        second = post.accept(42)
        until("the gate opens again", again, lambda: here.gate.is_live(second))
    assert [here.attested(each) for each in (acceptance, second)] == [1, 1]
    assert here.sent == 2


# --- The command, and the program on one page ------------------------------------------------------------


def test_the_command_tells_the_gates_how_everything_is(
    post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    acceptance, passphrase = post.accept(43), add_account(post)
    monkeypatch.setattr("ringfence.client.verifier.read_clock", lambda: NOW)
    command = ["relay", "--settings", str(post.folder / "relay.toml"), "--once", "--passphrase-file", str(passphrase)]
    capsys.readouterr()
    assert run([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["acceptance"], told["event"]) == ("submitted", acceptance, "accept")
    assert post.here.gate.is_live(acceptance)
    assert run(command) == 0
    shown = capsys.readouterr()
    assert " known accept " in shown.out
    assert PASSPHRASE not in shown.out + shown.err
    post.accept(44)
    post.here.pause()
    assert run(command) == 1
    assert "Paused(until=" in capsys.readouterr().out


def test_a_bridge_writes_its_own(post: Post) -> None:
    acceptance, passphrase, here = post.accept(45), add_account(post), post.here
    clients = post.folder / "clients"
    clients.mkdir()
    (clients / "anchor.json").write_text((post.folder / "anchor.json").read_text())
    way = settings_of(post.running, BRIDGE)
    paths = "".join(f'{name} = "{getattr(way, name)}"\n' for name in ("authorities", "certificate", "key"))
    (clients / "acceptor.toml").write_text(f'[connection]\naddress = "{way.address}"\n{paths}')
    words = [str(post.folder), "--node", here.node.url, "--chain-id", "1", "--gate", here.deployed.spelling]
    words += ["--keys", str(post.folder / "account"), "--passphrase-file", str(passphrase), "--most", "1"]
    program = REPOSITORY / "examples" / "services" / "relayer.py"
    runs = (
        f"import runpy, sys, time; time.time = lambda: {NOW}; sys.path.insert(0, {str(program.parent)!r}); "
        f"sys.argv = [{str(program)!r}, *{words!r}]; runpy.run_path({str(program)!r}, run_name='__main__')"
    )
    for expected in ("submitted", "known"):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", runs], cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
        )
        assert f"acceptance {acceptance[:16]} is accepted: {expected}" in done.stdout, done.stdout + done.stderr
    assert here.attested(acceptance) == 1
