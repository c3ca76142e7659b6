"""Two real chains with contracts on them, and everybody who takes part as programs of their own, on one machine."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import Artifact, compile_contracts, compile_verifier, read_artifact
from chains.development.deployment import Deployed, deploy, found
from facts.key_file import Algorithm, Role
from facts.key_set import Standing
from facts.policy import StatementPolicy
from facts.secp256k1 import address_of
from margin.requirement import RequirementKind
from prover.artifacts import Progress
from ringfence.cli.bridging.documents import payments_of, render_guard, render_observe, render_relay, render_watch
from ringfence.cli.bridging.governors import Governors
from ringfence.cli.bridging.programs import Program, find_address, run_program
from ringfence.cli.bridging.trader import LOCKED
from ringfence.cli.sandbox.making import Wanted, create_parties, furnish, make_keys, make_rival, require_new
from ringfence.cli.sandbox.parties import Party
from ringfence.cli.sandbox.places import Sandbox, Terms
from serving.development_certificates import ZONE, write_privately
from snark.groth16.keys import VerifyingKey

SOURCE_CHAIN: Final = 900_001
DESTINATION_CHAIN: Final = 900_002
ELSEWHERE: Final = 900_003
"""A chain that is no destination of anybody."""
PROVED: Final = ("perp-k0", "perp-k1", "release")
EXIT: Final = "exit"
OBSERVERS: Final = 3
VERIFIERS: Final[Mapping[str, str]] = {
    "perp-k0": "BareVerifier",
    "perp-k1": "MarginVerifier",
    "release": "ReleaseVerifier",
    EXIT: "ExitVerifier",
}
"""The contract that is written from the key of each statement."""
HOLDINGS: Final = 100 * LOCKED
COIN: Final = 10**18
COIN_NUMBER: Final = 60
LEAST_COIN: Final = COIN // 100
PERIOD_SECONDS: Final = 600
ROUND_AGE_SECONDS: Final = 30
PAUSE_SECONDS: Final = 60
EXIT_SECONDS: Final = 120
SEIZURE_SECONDS: Final = 3_600
CONTEST_SECONDS: Final = EXIT_SECONDS + SEIZURE_SECONDS + PERIOD_SECONDS
ROOT_SECONDS: Final = 0
"""Nobody looks at the leaves of a trial before a root of them is paid by."""
MOST_AGE_SECONDS: Final = 3_600
SERVING: Final = "serving on"
RELAYING: Final = "/ListAcceptances"
"""What a relayer asks a verifier before it follows it; the verifier says so."""
WATCHING: Final = "watching chain"


@dataclass(frozen=True, slots=True)
class Source:
    """The chain where collateral is locked."""

    node: Anvil
    token: Deployed
    escrow: Deployed

    @property
    def trader(self) -> str:
        """Who has the money."""
        return self.node.accounts[1]

    @property
    def venue(self) -> str:
        """Whom a seizure pays."""
        return self.node.accounts[2]

    @property
    def asset(self) -> str:
        """The token, as assets are named everywhere."""
        return f"eip155:{self.node.chain_id}/erc20:{self.token.spelling}"


@dataclass(frozen=True, slots=True)
class Destination:
    """The chain where it counts."""

    node: Anvil
    gate: Deployed
    proof_gate: Deployed

    @property
    def recipient(self) -> str:
        """Who is credited for it."""
        return self.node.accounts[1]


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a trial of a bridge is made of."""

    source: Source
    destination: Destination
    sandbox: Sandbox
    rival: Sandbox
    governors: Governors
    programs: dict[str, Program]

    @property
    def relayer(self) -> Party:
        """Who carries what the verifier says, and pays for it."""
        return Party(self.sandbox.folder / "relayer")

    @property
    def guard(self) -> Party:
        """Who carries what the observers of the other gate say, to the escrow."""
        return Party(self.sandbox.folder / "guard")

    @property
    def parts(self) -> Path:
        """What observers share."""
        return self.sandbox.folder / "parts"


@contextmanager
def open_setting(
    folder: Path, *, store: str, progress: Progress, round_age_seconds: int = ROUND_AGE_SECONDS
) -> Iterator[Setting]:
    """Everything, until the end of the block: nothing runs after it. The folder stays.

    Roots count for so long after they were observed: longer where a slow machine has to show something by each.
    """
    require_new(folder)
    moment = int(time.time())
    progress("compiling the contracts")
    compile_contracts()
    with ExitStack() as stack:
        progress("two chains")
        nodes = [stack.enter_context(run_anvil(Manner(chain_id))) for chain_id in (SOURCE_CHAIN, DESTINATION_CHAIN)]
        sandbox = Sandbox(folder)
        create_parties(sandbox, moment=moment, progress=progress)
        for party in (*sandbox.watchers, *sandbox.oracle, sandbox.venue):
            party.create_chain_key(Role.COUNCIL, moment)
        for observer in observers_of(sandbox):
            observer.create()
            observer.create_chain_key(Role.ATTESTATION, moment)
        keys = make_keys((*PROVED, EXIT), progress)
        progress("contracts")
        governors = Governors.draw()
        terms = Terms(
            chains=(SOURCE_CHAIN,),
            destination_chain=DESTINATION_CHAIN,
            round_age_seconds=round_age_seconds,
            is_invented=False,
        )
        founding = Founding(replace(sandbox, terms=terms), governors, compile_verifiers(keys))
        destination = deploy_destination(nodes[1], founding)
        source = deploy_source(nodes[0], founding, destination)
        sandbox = replace(sandbox, terms=settle_terms(terms, source, destination))
        rival = Sandbox(folder / "rival", replace(sandbox.terms, verifier="rival", domain=f"rival.{ZONE}"))
        addresses = [find_address() for _ in range(3)]
        served = {name: keys[name] for name in PROVED}
        furnish(
            sandbox, Wanted((*PROVED, EXIT), addresses[0], addresses[1], PERIOD_SECONDS, store), served, moment=moment
        )
        make_rival(sandbox, rival, addresses[2], served, moment=moment)
        setting = Setting(source, destination, sandbox, rival, governors, {})
        appoint_relayer(setting, addresses[0], moment)
        appoint_guard(setting, moment)
        progress("two verifiers, a prover, three watchers, three observers and two relayers")
        run_everybody(setting, stack)
        yield setting


def observers_of(sandbox: Sandbox) -> Sequence[Party]:
    """Who speak for the gate that checks proofs itself."""
    return [Party(sandbox.folder / f"observer-{number}") for number in range(1, OBSERVERS + 1)]


# --- Contracts -------------------------------------------------------------------------------------------


def compile_verifiers(keys: Mapping[str, VerifyingKey]) -> Mapping[str, Artifact]:
    """The contract that checks proofs of each statement."""
    with ThreadPoolExecutor() as pool:
        compiled = pool.map(compile_verifier, keys.values(), (VERIFIERS[name] for name in keys))
        return dict(zip(keys, compiled, strict=True))


@dataclass(frozen=True, slots=True)
class Founding:
    """What contracts are founded on."""

    sandbox: Sandbox
    governors: Governors
    verifiers: Mapping[str, Artifact]


def deploy_source(node: Anvil, founding: Founding, destination: Destination) -> Source:
    """A token, somebody who has some, and an escrow that knows the domains of both gates."""
    sandbox, governors, verifiers = founding.sandbox, founding.governors, founding.verifiers
    terms = sandbox.terms
    token = deploy(node, read_artifact("TrialDollars"), [node.accounts[1]], HOLDINGS)
    releases, exits = (deploy(node, verifiers[name]).spelling for name in ("release", EXIT))
    watchers = [party.chain_address(Role.COUNCIL) for party in sandbox.watchers]
    charter = [governors.committee, found("lock", watchers)], CONTEST_SECONDS, PAUSE_SECONDS
    delays = EXIT_SECONDS, SEIZURE_SECONDS, CONTEST_SECONDS, ROOT_SECONDS
    commitments = deploy(node, read_artifact("Commitments")).spelling
    escrow_terms = delays, releases, exits, commitments, COIN_NUMBER, LEAST_COIN, True
    escrow = deploy(node, read_artifact("CollateralEscrow"), charter, escrow_terms)
    governors.admit(escrow, token.address, LOCKED)
    governors.open_domain(escrow, terms.domain, terms.verifier, [signer_of(sandbox)])
    gate = destination.proof_gate.ask("name")
    observers = [each.chain_address(Role.ATTESTATION) for each in observers_of(sandbox)]
    governors.open_domain(escrow, gate, gate, observers)
    return Source(node, token, escrow)


def deploy_destination(node: Anvil, founding: Founding) -> Destination:
    """A gate that opens on the word of the verifier, and one that opens on a proof."""
    sandbox, governors, verifiers = founding.sandbox, founding.governors, founding.verifiers
    gate = deploy_gate(node, sandbox, governors)
    margin, bare = (deploy(node, verifiers[name]) for name in ("perp-k1", "perp-k0"))
    speakers = {"book": [sandbox.venue], "market": sandbox.oracle, "lock": sandbox.watchers}
    boards = [found(name, [each.chain_address(Role.COUNCIL) for each in parties]) for name, parties in speakers.items()]
    policies = (StatementPolicy(kind).encode() for kind in (RequirementKind.INITIAL, RequirementKind.MAINTENANCE))
    ages = PERIOD_SECONDS, *[MOST_AGE_SECONDS] * 3
    proof_gate = deploy(
        node,
        read_artifact("ProofGate"),
        ([governors.committee, *boards], 0, PAUSE_SECONDS),
        (margin.spelling, bare.spelling, *policies, *ages, True),
    )
    return Destination(node, gate, replace(proof_gate, asked=(margin.face, bare.face)))


def deploy_gate(node: Anvil, sandbox: Sandbox, governors: Governors) -> Deployed:
    """A gate that opens on the word of the verifier."""
    charter = [governors.committee, found("verifiers", [signer_of(sandbox)])], 0, PAUSE_SECONDS
    is_for_development = True
    named = sandbox.terms.verifier, sandbox.terms.domain
    return deploy(node, read_artifact("AttestationGate"), charter, *named, is_for_development)


def signer_of(sandbox: Sandbox) -> bytes:
    """By which address contracts know the verifier."""
    listed = sandbox.verifier.keys.read().standing(Role.ATTESTATION, Algorithm.SECP256K1, Standing.VALID)
    return address_of(listed[0].public_key)


def settle_terms(terms: Terms, source: Source, destination: Destination) -> Terms:
    """The terms with the addresses that there are now: what lapses is seized through one door of the escrow."""
    return replace(
        terms,
        contract=destination.gate.spelling,
        recipient=destination.recipient.lower(),
        seizure_chain=source.node.chain_id,
        seizure=f"0x{source.escrow.door('seize').hex()}",
        seizure_recipient=source.venue.lower(),
    )


# --- Programs --------------------------------------------------------------------------------------------


def appoint_relayer(setting: Setting, verifier: str, moment: int) -> None:
    """Somebody with an account that pays for transactions, and what the program is told."""
    relayer = setting.relayer
    relayer.create()
    address = relayer.create_chain_key(Role.SENDER, moment)
    setting.destination.node.give(f"0x{address.hex()}", COIN)
    document = render_relay(setting.sandbox, verifier, relayer, setting.destination.node, setting.source.escrow)
    write_privately(relayer.folder / "relay.json", document)


def appoint_guard(setting: Setting, moment: int) -> None:
    """Somebody who pays on the chain of the escrow, hears observers, and has a folder for releases."""
    guard, source = setting.guard, setting.source
    guard.create()
    payments_of(guard).mkdir()
    address = guard.create_chain_key(Role.SENDER, moment)
    source.node.give(f"0x{address.hex()}", COIN)
    document = render_guard(guard, source.escrow, setting.destination.proof_gate, setting.parts)
    write_privately(guard.folder / "relay.json", document)


def run_everybody(setting: Setting, stack: ExitStack) -> None:
    """Every server, then those who are clients of one; each ends with the block."""
    sandbox = setting.sandbox
    servers: dict[str, Sequence[str | Path]] = {
        "verifier": ("verifier", "serve", "--config", sandbox.verifier_settings),
        "rival": ("verifier", "serve", "--config", setting.rival.verifier_settings),
        "prover": ("prover", "serve", "--config", sandbox.prover_settings),
    }
    start(setting, stack, servers, SERVING)
    watchers: dict[str, Sequence[str | Path]] = {}
    for watcher in sandbox.watchers:
        path = watcher.folder / "watch.json"
        write_privately(path, render_watch(sandbox, watcher, setting.source.escrow))
        watchers[watcher.folder.name] = ("watch-chain", "--settings", path, "--json")
    start(setting, stack, watchers, WATCHING)
    carriers: dict[str, Sequence[str | Path]] = {
        name: ("relay", "--settings", each.folder / "relay.json", "--passphrase-file", each.passphrase_file, "--json")
        for name, each in {"relay": setting.relayer, "guard": setting.guard}.items()
    }
    venue = setting.destination.recipient, setting.source.venue
    for observer in observers_of(sandbox):
        path = observer.folder / "observe.json"
        write_privately(path, render_observe(observer, setting.destination.proof_gate, setting.parts, venue))
        carriers[observer.folder.name] = ("attest-gate", "--settings", path, "--json")
    start(setting, stack, carriers, "")
    setting.programs["verifier"].wait_until_it_says(RELAYING)


def start(setting: Setting, stack: ExitStack, commands: Mapping[str, Sequence[str | Path]], until: str) -> None:
    """Programs beside each other, until each of them says that it runs."""
    for name, command in commands.items():
        setting.programs[name] = stack.enter_context(run_program(setting.sandbox.folder, name, command))
    for name in commands:
        setting.programs[name].wait_until_it_says(until)
