"""Whole verifiers: everything that the command reads in a folder, real sockets, mutual TLS, and their callers.

Proofs are simulated: the secrets of the keys are known, so that there is a real proof of whatever a test claims.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc

from facts.attestation import authenticate_attestation
from facts.context import Binding
from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.log_entry import LogEntry
from facts.log_head import LogKey
from facts.policy import StatementPolicy
from facts.public_inputs import FIXED_COUNT, PublicInputs, unused_input
from facts.sealed_file import Cost
from facts.transition import UNUSED_INPUTS, Flows, StatedTransition
from margin.deleverage import PnlBasis
from margin.requirement import RequirementKind
from ringfence.v1 import claim_pb2
from ringfence.v1 import verifier_service_pb2 as messages
from ringfence.v1.log_service_pb2_grpc import LogServiceStub
from ringfence.v1.registry_service_pb2_grpc import RegistryServiceStub
from ringfence.v1.verifier_service_pb2_grpc import VerifierServiceStub
from ringfence.wire.acceptance import Answer, DecidedT, read_decision
from ringfence.wire.application import AppliedAnswer, read_application
from ringfence.wire.claim import Refusal, read_refusal, write_claim
from ringfence.wire.elements import write_field_element
from serving.development_certificates import Pair
from serving.limits import Limits
from serving.log import Log
from serving.roles import ROLES
from serving.settings import Access, Listen, Metrics, Pace, Tls
from snark.bn254.constants import GROUP_ORDER
from snark.groth16.development import MARK, compute_development_gamma
from snark.groth16.formats.verification_key import format_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof
from tests.facts.specimens import CHAIN, NOW, ORACLE, VENUE
from tests.serving.certificates import Authority, Folder
from tests.serving.running import PATIENCE
from tests.snark.groth16.simulator import Simulator, times_g1, times_g2
from tests.verifier.claims import IDENTITY, Watch
from tests.verifier.registries import SECOND_CHAIN, TRUST, appointment_of, book_of, locks_of, round_of
from verifier.assembly import Verifier, assembled
from verifier.config import LogTable, SigningTable, StoreTable, VerifierSettings, VerifierTable, WorkTable
from verifier.registry import Registry
from verifier.store.address import SERVER_SCHEMES, open_database
from verifier.store.schema import Identity, upgrade_store
from verifier.store.sqlite import create_file

NAME = "desk-1"
PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of keys that are made for a test
CHEAP = Cost(14)
PERIOD = 600
TRADER, RIVAL, BRIDGE, VENUE_DESK, READER = (
    f"{name}.example" for name in ("trader", "rival", "bridge", "venue", "reader")
)
CALLERS = {
    TRADER: ["trader"],
    RIVAL: ["trader"],
    BRIDGE: ["acceptor"],
    "elsewhere.example": ["acceptor"],
    VENUE_DESK: ["venue"],
    READER: ["reader"],
    **{f"{role}.test": [role] for role in ROLES},
}
CONTRACT, OTHER_CONTRACT, RECIPIENT = b"\x11" * 20, b"\x55" * 20, b"\x22" * 20
ESCROW, VENUE_ACCOUNT = b"\x33" * 20, b"\x44" * 20
ENTRY = StatementPolicy(RequirementKind.INITIAL, least_basket_value=5_000_000)
UPKEEP = StatementPolicy(RequirementKind.MAINTENANCE)
PLACE = Binding(NAME, 1, CONTRACT, RECIPIENT, NOW + 50_000)
SEIZURE = Binding(NAME, 5, ESCROW, VENUE_ACCOUNT, NOW + 90_000)
ASSET = ReleaseDemand("usdc", 1000)
MARKED = int.from_bytes(sha256(MARK).digest(), "big") % GROUP_ORDER
QUICK = Pace(check_milliseconds=50, notice_milliseconds=0, drain_milliseconds=500, final_milliseconds=2000)
ROOM = Limits(threads=24, queue=24, calls_per_caller=24, streams=8, receive_milliseconds=60_000)

_numbers = count(1)


def refusal_of(message: "messages.VerifyResponse | messages.ApplyTransitionResponse | DecidedT") -> tuple[int, str]:
    """At which step an answer refuses, and why."""
    assert message.verdict == claim_pb2.VERDICT_REFUSED, message
    refusal: Refusal = read_refusal(message.refusal)
    return refusal.step, refusal.reason


def name_request() -> str:
    """A request id that is new."""
    return f"request-of-the-tests-{next(_numbers)}"


# --- Keys and claims -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StatementKey:
    """A verifying key of a statement with so many locks, and proofs of whatever is wanted under it."""

    name: str
    proves: str
    locks: int
    simulator: Simulator
    is_for_development: bool = False

    @property
    def key(self) -> VerifyingKey:
        """As a verifier reads it."""
        if not self.is_for_development:
            return self.simulator.key
        alpha, beta, gamma, delta, ic = points_of(self.simulator)
        return VerifyingKey(alpha, beta, gamma, delta, ic, allow_development_keys=True)

    def prove(self, inputs: PublicInputs, seed: int = 0) -> Proof:
        """A proof of these inputs; another seed is another proof of the same."""
        made = replace(self.simulator, gamma=MARKED) if self.is_for_development else self.simulator
        return made.prove(inputs.values, seed)


def points_of(simulator: Simulator) -> tuple[Any, ...]:
    """The parts of a marked key."""
    alpha, beta, delta = times_g1(simulator.alpha), times_g2(simulator.beta), times_g2(simulator.delta)
    return alpha, beta, compute_development_gamma(), delta, tuple(map(times_g1, simulator.ic))


def key_of(name: str, proves: str, locks: int, seed: int, *, is_for_development: bool = False) -> StatementKey:
    return StatementKey(name, proves, locks, Simulator.of(FIXED_COUNT + locks, seed), is_for_development)


PERP = [key_of(f"perp-k{locks}", "margin", locks, locks) for locks in range(4)]
RELEASE = key_of("release", "release", 1, 77)
TRANSITION = key_of("transition", "transition", 4, 78)
LIQUIDATION = key_of("liquidation", "liquidation", 1, 79)
DELEVERAGE = key_of("deleverage", "deleverage", 0, 80)
FOREIGN = key_of("foreign", "margin", 1, 99)
DEVELOPMENT = key_of("perp-development", "margin", 1, 5, is_for_development=True)
STATED = StatedTransition((501, 502), Flows(840, paid_in=7_000_000, settled=-125))


@dataclass(frozen=True)
class Shown:
    """A claim of the tests, before it is a message."""

    key: StatementKey
    inputs: PublicInputs
    demand: Demand

    def message(self, seed: int = 0) -> claim_pb2.Claim:
        return write_claim(self.key.key.id, self.inputs, self.key.prove(self.inputs, seed), self.demand)


@cache
def make_signing_keys(verifier: str) -> dict[str, bytes]:
    """The files of a verifier's keys, which cost too much to be made for every test."""
    uses = (("attest", Role.ATTESTATION, Algorithm.ED25519), ("heads", Role.LOG, Algorithm.ED25519))
    with TemporaryDirectory(prefix=f"{verifier}-") as folder:
        keys = KeyFolder(Path(folder))
        for name, role, algorithm in (*uses, ("chain", Role.ATTESTATION, Algorithm.SECP256K1)):
            keys.create(name, role, algorithm, PASSPHRASE, moment=NOW, cost=CHEAP)
        return {path.name: path.read_bytes() for path in keys.path.iterdir()}


# --- A verifier ------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """A folder with everything that a verifier is given, and who may call it."""

    folder: Path
    clock: Watch
    store: str
    name: str = NAME
    identity: Identity = IDENTITY
    development: bool = False
    metrics: bool = False
    authority: Authority = field(default_factory=Authority)
    sequence: int = 100

    def __post_init__(self) -> None:
        self.certificates = Folder(self.folder)
        self.certificates.write(self.authority.issue_server(), self.authority.certificate)
        self.certificates.allow({f"dns:{name}": roles for name, roles in CALLERS.items()})
        self._pairs: dict[str, Pair] = {}
        self._write_keys()
        (self.folder / "trust.toml").write_text(render_trust(), encoding="utf-8")
        self.write_destinations()

    def _write_keys(self) -> None:
        signing = self.folder / "signing"
        signing.mkdir(mode=0o700)
        for name, content in make_signing_keys(self.name).items():
            (signing / name).touch(mode=0o600)
            (signing / name).write_bytes(content)
        lines = ['format = "ringfence.keys/1"']
        for each in (*PERP, RELEASE, TRANSITION, LIQUIDATION, DELEVERAGE, *([DEVELOPMENT] if self.development else [])):
            (self.folder / f"{each.name}.json").write_text(format_verifying_key(each.key), encoding="utf-8")
            lines += ["[[keys]]", f'id = "{each.key.id}"', f'file = "{each.name}.json"']
            lines += [f'statement = "{each.name}"', f'proves = "{each.proves}"']
        (self.folder / "keys.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write_destinations(self, **changes: object) -> None:
        """One destination, with changes, and one that others accept for."""
        first = destination(CONTRACT, f"dns:{BRIDGE}", **changes)
        second = destination(OTHER_CONTRACT, "dns:elsewhere.example")
        text = 'format = "ringfence.destinations/1"\n' + first + second
        (self.folder / "destinations.toml").write_text(text, encoding="utf-8")

    @property
    def settings(self) -> VerifierSettings:
        return VerifierSettings(
            listen=Listen("127.0.0.1:0"),
            tls=Tls(*self.certificates.tls.files.paths),
            access=Access(callers=self.certificates.callers),
            limits=ROOM,
            metrics=Metrics("127.0.0.1:0" if self.metrics else None),
            pace=QUICK,
            verifier=VerifierTable(
                self.name,
                self.identity.domain,
                self.folder / "keys.toml",
                self.folder / "destinations.toml",
                self.folder / "trust.toml",
                self.development,
            ),
            store=StoreTable(self.store, patience_seconds=PATIENCE),
            log=LogTable(self.identity.origin, self.folder / "witness"),
            signing=SigningTable(self.folder / "signing"),
            work=WorkTable(watch_milliseconds=20, life_milliseconds=200, keep_milliseconds=20),
        )

    def make_store(self) -> None:
        """A store, if there is none."""
        if not self.store.startswith(SERVER_SCHEMES):
            create_file(Path(self.store))
        database = open_database(self.store)
        upgrade_store(database, self.identity)
        database.close()

    @contextmanager
    def serving(self) -> Iterator["Running"]:
        """The verifier, with facts that are fresh."""
        self.make_store()
        log = Log(logging.getLogger("tests.verifier"))
        with ExitStack() as stack:
            verifier = stack.enter_context(assembled(self.settings, PASSPHRASE, log, self.clock))
            stack.enter_context(verifier.server)
            running = Running(self, verifier, stack)
            running.appoint()
            running.publish()
            yield running

    def pair(self, caller: str) -> Pair:
        """The certificate of a caller, and its key."""
        if caller not in self._pairs:
            self._pairs[caller] = self.authority.issue_client(caller)
        return self._pairs[caller]


@dataclass
class Running:
    """A verifier that serves, and the ways to it."""

    trial: Trial
    verifier: Verifier
    stack: ExitStack
    channels: dict[str, grpc.Channel] = field(default_factory=dict)

    @property
    def registry(self) -> Registry:
        return self.verifier.desk.registry

    def appoint(self) -> None:
        for committee in (ORACLE, VENUE, CHAIN, SECOND_CHAIN):
            self.registry.publish(appointment_of(committee))

    def publish(self) -> None:
        """Facts of now."""
        self.trial.sequence += 1
        number, now = self.trial.sequence, self.trial.clock.now
        self.registry.publish(book_of(number, 2**249 + number, now))
        self.registry.publish(round_of(number, 2**250 + number, now))
        self.registry.publish(locks_of(100 * 10**6 + number, 2**248 + number, now))

    def wait(self, seconds: int) -> None:
        """Time passes, and everybody says how things stand now."""
        self.trial.clock.now += seconds
        self.publish()

    def channel(self, caller: str = TRADER) -> grpc.Channel:
        if caller not in self.channels:
            pair = self.trial.pair(caller)
            credentials = grpc.ssl_channel_credentials(self.trial.authority.certificate, pair.key, pair.certificate)
            options = [("grpc.use_local_subchannel_pool", 1)]
            address = f"127.0.0.1:{self.verifier.server.port}"
            self.channels[caller] = self.stack.enter_context(grpc.secure_channel(address, credentials, options))
        return self.channels[caller]

    def ask(self, caller: str = TRADER) -> VerifierServiceStub:
        return VerifierServiceStub(self.channel(caller))

    def log(self, caller: str = READER) -> LogServiceStub:
        return LogServiceStub(self.channel(caller))

    def roots(self, caller: str = READER) -> RegistryServiceStub:
        return RegistryServiceStub(self.channel(caller))

    # --- Asking --------------------------------------------------------------------------------------

    @property
    def log_keys(self) -> tuple[LogKey, ...]:
        return self.verifier.desk.heads.keys

    def accept(self, shown: Shown, caller: str = TRADER, **more: Any) -> messages.AcceptCollateralResponse:  # noqa: ANN401
        named = {"request_id": name_request(), "claim": shown.message(), **more}
        return self.ask(caller).AcceptCollateral(messages.AcceptCollateralRequest(**named), timeout=PATIENCE)

    def refresh(
        self,
        identity: bytes,
        shown: Shown,
        caller: str = TRADER,
        **more: Any,  # noqa: ANN401
    ) -> messages.RefreshAcceptanceResponse:
        named = {"request_id": name_request(), "acceptance_id": identity, "claim": shown.message(), **more}
        return self.ask(caller).RefreshAcceptance(messages.RefreshAcceptanceRequest(**named), timeout=PATIENCE)

    def free(
        self,
        identity: bytes,
        leaving: Sequence[int],
        shown: Shown | None = None,
        caller: str = TRADER,
        **more: Any,  # noqa: ANN401
    ) -> messages.ReleaseCollateralResponse:
        nullifiers = [write_field_element(each) for each in leaving]
        claim = {"claim": shown.message()} if shown else {}
        named = {"request_id": name_request(), "acceptance_id": identity, "nullifiers": nullifiers, **claim, **more}
        return self.ask(caller).ReleaseCollateral(messages.ReleaseCollateralRequest(**named), timeout=PATIENCE)

    def seize(
        self,
        identity: bytes,
        shown: Shown,
        caller: str = VENUE_DESK,
        **more: Any,  # noqa: ANN401
    ) -> messages.SeizeCollateralResponse:
        named = {"request_id": name_request(), "acceptance_id": identity, "claim": shown.message(), **more}
        return self.ask(caller).SeizeCollateral(messages.SeizeCollateralRequest(**named), timeout=PATIENCE)

    def apply(
        self,
        shown: Shown,
        caller: str = VENUE_DESK,
        **more: Any,  # noqa: ANN401
    ) -> messages.ApplyTransitionResponse:
        named = {"request_id": name_request(), "claim": shown.message(), **more}
        return self.ask(caller).ApplyTransition(messages.ApplyTransitionRequest(**named), timeout=PATIENCE)

    def get(self, identity: bytes, caller: str = TRADER) -> messages.GetAcceptanceResponse:
        return self.ask(caller).GetAcceptance(messages.GetAcceptanceRequest(acceptance_id=identity), timeout=PATIENCE)

    def verify(self, shown: Shown, caller: str = TRADER) -> messages.VerifyResponse:
        return self.ask(caller).Verify(messages.VerifyRequest(claim=shown.message()), timeout=PATIENCE)

    def answer(self, message: DecidedT) -> Answer:
        """An answer that is no refusal, with everything about it checked."""
        found = read_decision(message, self.log_keys)
        assert isinstance(found, Answer), found
        desk = self.verifier.desk
        keys, signers = desk.signer.public_keys, desk.signer.addresses
        attested = authenticate_attestation(found.attestation, keys=keys, signers=signers)
        attested.require_restates(LogEntry.decode(found.receipt.leaf), found.receipt.index)
        report = found.acceptance
        assert (attested.state, attested.held, attested.log_index) == (
            report.state,
            report.nullifiers,
            report.log_index,
        )
        return found

    def applied(self, message: messages.ApplyTransitionResponse) -> AppliedAnswer:
        """An answer that is no refusal, whose parts agree, under a head that is signed."""
        found = read_application(message, self.log_keys)
        assert isinstance(found, AppliedAnswer), found
        return found

    # --- Claims at the facts of now ------------------------------------------------------------------

    def claim(
        self,
        *nullifiers: int,
        policy: StatementPolicy = ENTRY,
        tag: int = 7,
        place: Binding = PLACE,
        domain: str = IDENTITY.domain,
        key: StatementKey | None = None,
        **changes: int,
    ) -> Shown:
        """A claim about a position with these locks."""
        demand = Demand(policy, domain, place)
        roots = self.registry.roots(self.trial.clock.now)
        assert roots.book is not None
        assert roots.market is not None
        assert roots.locks is not None
        named = {
            "book_root": roots.book.root,
            "market_root": roots.market.root,
            "lock_root": roots.locks.root if nullifiers else unused_input("lock_root"),
            "position_tag": tag,
            "context": demand.context,
            "policy": policy.encode(),
        }
        inputs = PublicInputs(nullifiers=nullifiers, **{**named, **changes})
        return Shown(key or PERP[len(nullifiers)], inputs, demand)

    def transition(
        self,
        *spent: int,
        stated: StatedTransition = STATED,
        place: Binding = PLACE,
        domain: str = IDENTITY.domain,
        key: StatementKey = TRANSITION,
        **changes: int,
    ) -> Shown:
        """A claim that positions changed; what it spends are old leaves and births."""
        demand = Demand(stated, domain, place)
        roots = self.registry.roots(self.trial.clock.now)
        assert roots.book is not None
        assert roots.market is not None
        named = {
            "book_root": roots.book.root,
            "market_root": roots.market.root,
            **{name: unused_input(name) for name in UNUSED_INPUTS},
            "context": demand.context,
            "policy": stated.encode(),
        }
        inputs = PublicInputs(nullifiers=spent or (101, 102, 103, 104), **{**named, **changes})
        return Shown(key, inputs, demand)

    def liquidation(self, *spent: int, leaf: int = 505, place: Binding = PLACE) -> Shown:
        """A claim that a venue reduced a position."""
        stated = StatedLiquidation(leaf, LiquidationFlows(840, settled=4_000_000, penalty=30_000))
        shown = self.transition(*spent, place=place, key=LIQUIDATION, policy=stated.encode())
        return replace(shown, demand=replace(shown.demand, policy=stated))

    def deleverage(self, place: Binding = PLACE) -> Shown:
        """A claim that lots were taken in the order of a queue."""
        stated = StatedDeleverage(PnlBasis.ENTRY, 601, (602, 603, 604, 605))
        shown = self.transition(1, place=place, key=DELEVERAGE, policy=stated.encode())
        inputs = replace(shown.inputs, nullifiers=())
        return Shown(DELEVERAGE, inputs, replace(shown.demand, policy=stated))

    def release(self, nullifier: int, *, place: Binding = SEIZURE, lock_root: int = 2**248 + 1) -> Shown:
        """The release of a lock, as its trader seals it for the venue."""
        demand = Demand(ASSET, self.trial.identity.domain, place)
        unused = {name: unused_input(name) for name in ("book_root", "market_root", "position_tag")}
        inputs = PublicInputs(
            lock_root=lock_root, nullifiers=(nullifier,), context=demand.context, policy=ASSET.encode(), **unused
        )
        return Shown(RELEASE, inputs, demand)


def destination(contract: bytes, acceptor: str, **changes: object) -> str:
    """One destination of the document."""
    said = {"period_seconds": PERIOD, "sealed_releases": "optional", "development_keys": False, **changes}
    lines = ["[[destinations]]", "chain_id = 1", f'contract = "0x{contract.hex()}"']
    lines += [f'acceptors = ["{acceptor}"]']
    lines += [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    lines += ["[destinations.entry]", 'requirement = "initial"', 'least_basket_value = "5"']
    lines += ["[destinations.upkeep]", 'requirement = "maintenance"']
    lines += ["[destinations.seizure]", "chain_id = 5", f'contract = "0x{ESCROW.hex()}"']
    lines += [f'recipients = ["0x{VENUE_ACCOUNT.hex()}"]']
    return "\n".join(lines) + "\n"


def render_trust() -> str:
    """The document of whom these verifiers believe."""
    governance = TRUST.governance
    lines = ['format = "ringfence.trust/1"', "[governance]", f'digest = "{TRUST.digest.hex()}"']
    lines += ["[governance.committee]", f'purpose = "{governance.purpose.value}"', f'scope = "{governance.scope}"']
    lines += [f'active_from = "{render_moment(governance.active_from)}"']
    lines += [f"threshold = {governance.threshold}", f"quorum = {governance.quorum}"]
    for member in governance.members:
        lines += ["[[governance.committee.members]]", f'key = "{member.key.hex()}"']
        lines += [f'valid_from = "{render_moment(member.valid_from)}"']
        lines += [f'valid_until = "{render_moment(member.valid_until)}"']
    limit = ["max_age_seconds = 60", "max_ahead_seconds = 5"]
    lines += ["[book]", f'venue = "{TRUST.venue}"', *limit]
    lines += ["[market]", f'oracle = "{TRUST.oracle}"', *limit]
    for name, rule in TRUST.rules.items():
        lines += ["[[feeds]]", f'name = "{name}"', f"max_age_seconds = {rule.max_age_seconds}"]
        lines += [f"max_ahead_seconds = {rule.max_ahead_seconds}"]
        for share in ("max_confidence", "max_deviation", "max_spread"):
            lines += [f'{share} = "{getattr(rule, f"{share}_ppm")}/1000000"']
    for chain in TRUST.chains.values():
        lines += ["[[chains]]", f"chain_id = {chain.chain_id}", f"slot = {chain.slot}", *limit]
    return "\n".join(lines) + "\n"


def render_moment(moment: int) -> str:
    """As documents have it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
