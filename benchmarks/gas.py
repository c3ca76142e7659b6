"""What transactions with the contracts cost, in gas, on a real node: ``python -m benchmarks.gas [--quick]``.

Gas is the same on every machine, but for bytes of signatures that happen to be zero: it follows from the contracts, the
compiler and the rules of the chain, which the results name. What is told is that of a whole transaction, calldata and
the 21,000 that each one begins with included. Verifiers are told beside the one that snarkjs writes for the same key,
compiled by the same settings; a proof that fits public inputs of our choice is made with the secrets of that key, since
what it proves costs nothing on a chain.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from chains.development.anvil import CONTRACTS, Anvil, Manner, run_anvil
from chains.development.compilation import Artifact, compile_contracts, compile_verifier, read_artifact, run_compiler
from chains.development.deployment import Deployed, deploy, found, send
from chains.gate import write_attestation
from facts.attestation import Attestation
from facts.commitments import Lock, commit_lock, commit_release
from facts.context import Binding, commit_context, name_domain
from facts.keccak import hash_keccak
from facts.log_entry import Event, State
from facts.policy import StatementPolicy
from facts.public_inputs import unused_input
from facts.secp256k1 import SigningKey as ChainKey
from facts.typed_data import hash_bytes, hash_domain, hash_struct, hash_typed_data, word
from margin.errors import MisuseError
from margin.requirement import RequirementKind
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from tests.facts.attestations import chain_key_of, sign
from tests.interop.snarkjs import PROGRAM as SNARKJS
from tests.interop.snarkjs import run_snarkjs
from tests.snark.groth16.simulator import Simulator
from tests.snark.groth16.small_circuits import make_circuit
from tests.snark.groth16.trapdoor import Trapdoor

CHAIN_ID: Final = 7_700
BEGINNING: Final = 0x77777777
"""A moment of which no byte is zero: a byte that is costs less."""
PERIOD: Final = 600
MANY_LOCKS: Final = 4
COMMITTEES: Final = ((1, 1), (2, 3), (3, 5))
"""So many of so many sign."""
QUICK_COMMITTEES: Final = COMMITTEES[:1]
INPUTS: Final = 7
"""Of a statement that takes one lock."""
OURS: Final = "ringfence"
THEIRS: Final = "snarkjs"
ENOUGH: Final = 5_000_000
"""Gas for what fails without reverting: a node that looks for the least that will do finds how soon it says no."""
ACCEPT_BY_WORD: Final = 90_000
ACCEPT_BY_PROOF: Final = 340_000
"""What a whole transaction has to stay under."""

GOVERNOR: Final = chain_key_of("governor")
POSTER: Final = chain_key_of("poster")
NAME: Final = "desk-1"
DOMAIN: Final = "clearing.example"
POLICY: Final = StatementPolicy(RequirementKind.INITIAL, shock_ppm=50_000, least_basket_value=1_000_000).encode()


@dataclass(frozen=True)
class Cost:
    """What one transaction took."""

    contract: str
    function: str
    case: str
    gas: int
    limit: int | None = None
    """What it has to stay under."""


@dataclass(frozen=True)
class VerifierCost:
    """A verifier of one key: its size, and what a transaction takes that calls it with a valid proof."""

    written_by: str
    function: str
    gas: int
    deployed_bytes: int
    deployment: int


@dataclass(frozen=True)
class Trial:
    """A node, and whatever is drawn for what is tried on it."""

    node: Anvil
    random: Random

    @property
    def payer(self) -> str:
        """Who sends everything, from an account that has sent before."""
        return self.node.accounts[0]

    def draw(self) -> int:
        """An element without a byte that is zero by chance, or hardly."""
        return self.random.randrange(2**248, GROUP_ORDER)

    def draw_rising(self, count: int) -> tuple[int, ...]:
        """Some of them, rising."""
        return tuple(sorted(self.draw() for _ in range(count)))

    def deploy(self, name: str, *arguments: Any) -> tuple[Deployed, Cost]:  # noqa: ANN401 - whatever Solidity has
        """A contract, and what it took."""
        placed = deploy(self.node, read_artifact(name), *arguments)
        return placed, Cost(name, "constructor", "", self.gas_of_block(placed.block))

    def gas_of_block(self, number: int) -> int:
        """What the one transaction of a block took."""
        return int(self.node.block(number)["gasUsed"], 16)


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gas", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="committees of one alone")
    parser.add_argument("--json", type=Path, help="where to write the results")
    given = parser.parse_args()
    try:
        compile_contracts()
        with run_anvil(Manner(CHAIN_ID)) as node:
            node.ask("evm_setNextBlockTimestamp", BEGINNING)
            trial = Trial(node, Random(7))  # noqa: S311 - the same gas every time
            costs = list(measure_contracts(trial, QUICK_COMMITTEES if given.quick else COMMITTEES))
            verifiers = list(measure_verifiers(trial))
    except MisuseError as error:
        print(f"not measured: {error}")
        return
    report(costs, verifiers)
    if given.json:
        results = {
            "made_of": describe_tools(),
            "costs": [asdict(each) for each in costs],
            "verifiers": [asdict(each) for each in verifiers],
        }
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def measure_contracts(trial: Trial, committees: Sequence[tuple[int, int]]) -> Iterator[Cost]:
    """Every function that somebody pays for."""
    yield from measure_gate(trial, committees)
    yield from measure_proof_gate(trial)
    yield from measure_escrow(trial)
    yield from measure_council(trial)


# --- Keys ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A key whose secrets are known, as a verifying key and as the file that snarkjs reads."""

    zkey: bytes
    key: VerifyingKey
    simulator: Simulator

    @classmethod
    def of(cls, inputs: int) -> "Key":
        """For so many public inputs."""
        trapdoor = Trapdoor.of(make_circuit(20, inputs, public=inputs), inputs)
        by_gamma = [value * pow(trapdoor.gamma, -1, GROUP_ORDER) for value in trapdoor.mixed[: trapdoor.private]]
        secrets = trapdoor.alpha, trapdoor.beta, trapdoor.gamma, trapdoor.delta
        with TemporaryDirectory() as folder:
            path = Path(folder) / "key.zkey"
            path.write_bytes(trapdoor.zkey)
            key = extract_verifying_key(read_zkey(path))
        return cls(trapdoor.zkey, key, Simulator(*secrets, tuple(by_gamma)))

    def prove(self, inputs: Sequence[int]) -> list[int]:
        """The eight words of a proof of these inputs."""
        data = self.simulator.prove(inputs).encode()
        return [int.from_bytes(data[at : at + FIELD_BYTES], "big") for at in range(0, len(data), FIELD_BYTES)]


# --- The gate that takes attestations ------------------------------------------------------------------


Sets = tuple[int, ...]
"""Of nullifiers, rising."""


@dataclass(frozen=True)
class Gate:
    """A gate with a committee of verifiers, and what they say."""

    trial: Trial
    placed: Deployed
    keys: Sequence[ChainKey]

    def attest(self, acceptance: str, revision: int, event: Event, state: State, **sets: Sets) -> Attestation:
        """The word on an acceptance; who benefits, position and claim are the same all along."""
        now = self.trial.node.moment
        return Attestation(
            verifier=NAME,
            domain=DOMAIN,
            chain_id=CHAIN_ID,
            contract=self.placed.address,
            recipient=bytes(range(1, 21)),
            acceptance=acceptance,
            event=event,
            state=state,
            revision=revision,
            log_index=7 + revision,
            moment=now,
            lapses_at=now + PERIOD,
            position_tag=2**250 + 9,
            policy=POLICY,
            held=sets.get("held", ()),
            left=sets.get("left", ()),
            claim_id=acceptance,
            key_id="cd" * 32,
            is_for_development=False,
        )

    def submit(self, attestation: Attestation) -> int:
        """What it takes to bring a word here, with the signatures that have to be there."""
        signatures = [key.sign(attestation.digest) for key in self.keys]
        return self.placed.send(self.trial.payer, "submit", write_attestation(sign(attestation)), signatures)

    def accept(self, locks: int) -> tuple[Attestation, int]:
        """A new acceptance of so many locks."""
        acceptance = f"{self.trial.draw():064x}"
        said = self.attest(acceptance, 0, Event.ACCEPT, State.ACCEPTED, held=self.trial.draw_rising(locks))
        return said, self.submit(said)

    def follow(self, before: Attestation, event: Event, state: State, **sets: Sets) -> tuple[Attestation, int]:
        """What happens to it next."""
        said = self.attest(before.acceptance, before.revision + 1, event, state, **sets)
        return said, self.submit(said)


def open_gate(trial: Trial, needed: int, members: int) -> tuple[Gate, Cost]:
    """A gate whose verifiers are so many, and what it took."""
    keys = sorted((chain_key_of(f"verifier {each}") for each in range(members)), key=lambda key: key.address)
    charter = ([found("governors", [GOVERNOR.address]), found("verifiers", [key.address for key in keys])], 0, 86_400)
    placed, cost = trial.deploy("AttestationGate", charter, NAME, DOMAIN, False)  # noqa: FBT003 - as Solidity has it
    return Gate(trial, placed, keys[:needed]), cost


def measure_gate(trial: Trial, committees: Sequence[tuple[int, int]]) -> Iterator[Cost]:
    """Everything that a verifier can say, and the first of it by larger committees."""

    def cost(case: str, gas: int, limit: int | None = None) -> Cost:
        return Cost("AttestationGate", "submit", case, gas, limit)

    for needed, members in committees:
        gate, made = open_gate(trial, needed, members)
        said, gas = gate.accept(1)
        if needed > 1:
            yield cost(f"accept, one lock, {needed} of {members}", gas)
            continue
        yield made
        yield cost("accept, one lock, 1 of 1", gas, ACCEPT_BY_WORD)
        yield cost("the same again", gate.submit(said))
        said, gas = gate.follow(said, Event.REFRESH, State.REFRESHED, held=said.held)
        yield cost("refresh", gas)
        more = tuple(sorted((*said.held, trial.draw())))
        said, gas = gate.follow(said, Event.REFRESH, State.REFRESHED, held=more)
        yield cost("refresh with one lock more", gas)
        said, gas = gate.follow(said, Event.FREE, State.REFRESHED, held=more[:1], left=more[1:])
        yield cost("free one of two locks", gas)
        said, gas = gate.follow(said, Event.FREE, State.RELEASED, left=said.held)
        yield cost("free the last lock", gas)
        said, _ = gate.accept(1)
        said, gas = gate.follow(said, Event.LAPSE, State.LAPSED, held=said.held)
        yield cost("lapse", gas)
        said, gas = gate.follow(said, Event.SEIZE, State.SEIZED, left=said.held)
        yield cost("seize", gas)
        yield cost(f"accept, {MANY_LOCKS} locks, 1 of 1", gate.accept(MANY_LOCKS)[1])


# --- The gate that takes proofs ------------------------------------------------------------------------

KINDS: Final = ("book", "market", "lock")
ROOT_POST: Final = "RootPost(uint8 kind,uint256 root,uint64 sequence,uint64 moment)"
UPKEEP: Final = StatementPolicy(RequirementKind.MAINTENANCE).encode()
MAX_AGE: Final = 86_400


@dataclass(frozen=True)
class Board:
    """A contract with roots on it, and the one who vouches for them."""

    trial: Trial
    placed: Deployed

    def post(self, kind: str, root: int, sequence: int = 1) -> int:
        """What it takes to vouch for a root."""
        moment = self.trial.node.moment
        number = KINDS.index(kind) + 1
        words = [word(each) for each in (number, root, sequence, moment)]
        signature = sign_typed(POSTER, self.placed, ROOT_POST, words)
        return self.placed.send(self.trial.payer, "postRoot", number, root, sequence, moment, [signature])


def measure_proof_gate(trial: Trial) -> Iterator[Cost]:
    """What traders do there, and whoever posts roots."""

    def cost(function: str, case: str, gas: int, limit: int | None = None) -> Cost:
        return Cost("ProofGate", function, case, gas, limit)

    with_lock, without = Key.of(INPUTS), Key.of(INPUTS - 1)
    verifiers = [
        deploy(trial.node, compile_verifier(each.key, "Groth16Verifier")).spelling for each in (with_lock, without)
    ]
    charter = ([found("governors", [GOVERNOR.address]), *(found(kind, [POSTER.address]) for kind in KINDS)], 0, 86_400)
    terms = (*verifiers, POLICY, UPKEEP, PERIOD, MAX_AGE, MAX_AGE, MAX_AGE, False)
    placed, made = trial.deploy("ProofGate", charter, terms)
    yield made
    book, market, lock, tag, nullifier = (trial.draw() for _ in range(5))
    board = Board(trial, placed)
    yield cost("postRoot", "the first of its kind, by 1 of 1", board.post("book", book))
    yield cost("postRoot", "a later one, by 1 of 1", board.post("book", trial.draw(), 2))
    board.post("market", market)
    board.post("lock", lock)
    recipient = bytes(range(1, 21))

    def send(function: str, key: Key, contract: bytes, *inputs: int) -> int:
        expiry = trial.node.moment + 2 * PERIOD
        binding = Binding(name_place(placed), CHAIN_ID, contract, recipient, expiry)
        *before, policy = inputs
        words = key.prove([*before, commit_context(name_domain(name_place(placed)), binding), policy])
        return placed.send(trial.payer, function, (book, market, lock, tag, nullifier, recipient, expiry), words)

    roots = book, market, lock, tag, nullifier
    yield cost("accept", "one lock", send("accept", with_lock, placed.address, *roots, POLICY), ACCEPT_BY_PROOF)
    yield cost("refresh", "the same lock", send("refresh", with_lock, placed.address, *roots, UPKEEP))
    unused = unused_input("lock_root")
    exit_policy = placed.ask("EXIT_POLICY")
    door = placed.door("free") + word(nullifier)
    gas = send("free", without, door, book, market, unused, tag, exit_policy)
    yield cost("free", "by a proof without the lock", gas)


# --- The escrow ----------------------------------------------------------------------------------------

DAY: Final = 86_400
PAUSE: Final = DAY // 4
DELAYS: Final = (DAY, DAY, 3 * DAY, 0)
"""Of an exit, a seizure, a contest, and until a posted root pays."""
ETHER: Final = 60
LOCKED: Final = 200 * 10**6
OPENING: Final = "Opening(string domain,string verifier,address[] members,uint8 threshold)"
ADMISSION: Final = "Admission(address token,uint256 least)"
FAR: Final = 2**40


@dataclass(frozen=True)
class Escrow:
    """An escrow with a token, a domain and a committee of one in every role."""

    trial: Trial
    placed: Deployed
    token: Deployed
    key: Key
    spoken: Gate
    """Where acceptances of the domain are good."""

    @property
    def recipient(self) -> str:
        """Who is paid."""
        return self.trial.node.accounts[3]

    def govern(self, function: str, kind: str, words: Sequence[bytes], *arguments: object) -> int:
        """What it takes that governors want."""
        signature = sign_typed(GOVERNOR, self.placed, kind, words)
        return self.placed.send(self.trial.payer, function, *arguments, [signature])

    def lock(self) -> tuple[tuple[object, ...], int]:
        """A deposit of the token, and what it took."""
        made = (self.token.spelling, LOCKED, name_domain(DOMAIN), self.trial.draw())
        return made, self.placed.send(self.trial.payer, "deposit", *made)

    def prove(self, door: str, verifier: str, lock_root: int, nullifier: int) -> list[int]:
        """A proof that the lock is of so much of the token, good at one door."""
        recipient = bytes.fromhex(self.recipient[2:])
        binding = Binding(verifier, CHAIN_ID, self.placed.door(door), recipient, FAR)
        asset = self.placed.ask("assetOf", self.token.spelling)
        inputs = [unused_input("book_root"), unused_input("market_root"), lock_root, unused_input("position_tag")]
        inputs += [nullifier, commit_context(name_domain(DOMAIN), binding), commit_release(asset, LOCKED)]
        return self.key.prove(inputs)

    def say(self, event: Event, state: State, **sets: Sets) -> tuple[object, ...]:
        """A verifier's word of a while ago for whoever is paid, with the place that it is good at."""
        said = self.spoken.attest(f"{self.trial.draw():064x}", 1, event, state, **sets)
        recipient = bytes.fromhex(self.recipient.removeprefix("0x"))
        said = replace(said, recipient=recipient, moment=said.moment - PERIOD, lapses_at=said.moment)
        return (
            CHAIN_ID,
            self.spoken.placed.spelling,
            write_attestation(sign(said)),
            [self.spoken.keys[0].sign(said.digest)],
        )

    def pay(self, door: str, event: Event, state: State, lock_root: int) -> int:
        """What it takes to be paid at a door."""
        nullifier = self.trial.draw()
        payment = (self.token.spelling, LOCKED, name_domain(DOMAIN), NAME, lock_root, nullifier, self.recipient, FAR)
        word_of = self.say(event, state, left=(nullifier,))
        return self.placed.send(self.trial.payer, door, payment, self.prove(door, NAME, lock_root, nullifier), word_of)


def name_place(placed: Deployed) -> str:
    """A contract as it names itself."""
    return f"eip155:{CHAIN_ID}/{placed.spelling}"


def open_escrow(trial: Trial) -> tuple[Escrow, Cost]:
    """An escrow that takes deposits, and what it took to make it."""
    key = Key.of(INPUTS)
    verifier = deploy(trial.node, compile_verifier(key.key, "Groth16Verifier")).spelling
    hashes = deploy(trial.node, read_artifact("Commitments")).spelling
    token = deploy(trial.node, read_artifact("TrialDollars"), [trial.payer], 1000 * LOCKED)
    charter = ([found("governors", [GOVERNOR.address]), found("lock", [POSTER.address])], 3 * DAY, PAUSE)
    placed, made = trial.deploy("CollateralEscrow", charter, (DELAYS, verifier, verifier, hashes, ETHER, 1, False))
    gate, _ = open_gate(trial, 1, 1)
    return Escrow(trial, placed, token, key, gate), made


def measure_escrow(trial: Trial) -> Iterator[Cost]:
    """What depositors, venues and governors do there."""

    def cost(function: str, case: str, gas: int) -> Cost:
        return Cost("CollateralEscrow", function, case, gas)

    escrow, made = open_escrow(trial)
    yield made
    placed, token = escrow.placed, escrow.token
    gas = escrow.govern("admit", ADMISSION, [word(token.address), word(1)], token.spelling, 1)
    yield cost("admit", "by 1 of 1", gas)
    _, members, needed = found("verifiers", [key.address for key in escrow.spoken.keys])
    words = [hash_bytes(DOMAIN.encode()), hash_bytes(NAME.encode()), hash_addresses(members), word(needed)]
    yield cost(
        "openDomain",
        "one member, by 1 of 1",
        escrow.govern("openDomain", OPENING, words, DOMAIN, NAME, members, needed),
    )
    token.send(trial.payer, "approve", placed.spelling, 2**256 - 1)
    escrow.lock()
    locked, gas = escrow.lock()
    yield cost("deposit", "an ERC-20, not the first of its kind", gas)
    native = placed.send(trial.payer, "depositNative", name_domain(DOMAIN), trial.draw(), value=10**18)
    yield cost("depositNative", "the first", native)
    native = placed.send(trial.payer, "depositNative", name_domain(DOMAIN), trial.draw(), value=10**18)
    yield cost("depositNative", "a later one", native)
    root = trial.draw()
    yield cost("postRoot", "a root of locks, by 1 of 1", Board(trial, placed).post("lock", root))
    trial.node.advance(1)
    token.send(trial.payer, "transfer", escrow.recipient, 1)  # an account that has some, as most have
    yield cost("withdraw", "an ERC-20", escrow.pay("withdraw", Event.FREE, State.RELEASED, root))
    escrow.lock()
    yield cost("seize", "an ERC-20", escrow.pay("seize", Event.SEIZE, State.SEIZED, root))
    yield from measure_exit(escrow, locked)


def measure_exit(escrow: Escrow, locked: tuple[object, ...]) -> Iterator[Cost]:
    """The way out that asks nobody, made to wait once."""
    trial, placed = escrow.trial, escrow.placed
    index, nullifier = 1, trial.draw()
    amount, domain, owner = (int(str(each)) for each in locked[1:])
    lock = commit_lock(Lock(CHAIN_ID, domain, placed.ask("assetOf", locked[0]), amount, owner, index))
    proof = escrow.prove("requestExit", name_place(placed), lock, nullifier)
    gas = placed.send(trial.payer, "requestExit", index, locked, nullifier, escrow.recipient, FAR, proof)
    yield Cost("CollateralEscrow", "requestExit", "", gas)
    trial.node.advance(DAY // 2)
    held = escrow.say(Event.REFRESH, State.REFRESHED, held=(nullifier,))
    yield Cost(
        "CollateralEscrow", "contest", "by 1 of 1", placed.send(trial.payer, "contest", nullifier, locked, NAME, held)
    )
    trial.node.advance(3 * DAY)
    yield Cost("CollateralEscrow", "finishExit", "", placed.send(trial.payer, "finishExit", nullifier, locked))


# --- What governors do ---------------------------------------------------------------------------------

APPOINTMENT: Final = "Appointment(bytes32 role,uint64 epoch,address[] members,uint8 threshold)"
REVOCATION: Final = "Revocation(bytes32 role,address member)"


def measure_council(trial: Trial) -> Iterator[Cost]:
    """An appointment of three, and a revocation, by a committee of one."""
    gate, _ = open_gate(trial, 1, 1)
    verifiers, members, needed = found("verifiers", [chain_key_of(f"next {each}").address for each in range(3)])
    words = [verifiers, word(2), hash_addresses(members), word(needed)]
    signature = sign_typed(GOVERNOR, gate.placed, APPOINTMENT, words)
    gas = gate.placed.send(trial.payer, "appoint", (verifiers, members, needed), 2, [signature])
    yield Cost("every council", "appoint", "three members, by 1 of 1", gas)
    words = [verifiers, word(bytes.fromhex(members[0][2:]))]
    signature = sign_typed(GOVERNOR, gate.placed, REVOCATION, words)
    gas = gate.placed.send(trial.payer, "revoke", verifiers, members[0], [signature])
    yield Cost("every council", "revoke", "by 1 of 1", gas)


def sign_typed(key: ChainKey, placed: Deployed, kind: str, words: Sequence[bytes]) -> bytes:
    """A signature of a message that is for one contract."""
    return key.sign(hash_typed_data(hash_domain(CHAIN_ID, placed.address), hash_struct(kind, words)))


def hash_addresses(addresses: Sequence[str]) -> bytes:
    """A list of addresses, as a message has it."""
    return hash_keccak(b"".join(word(bytes.fromhex(each[2:])) for each in addresses))


# --- Verifiers -----------------------------------------------------------------------------------------


def measure_verifiers(trial: Trial) -> Iterator[VerifierCost]:
    """Ours and the one of snarkjs, where that is installed, under one key."""
    key = Key.of(INPUTS)
    inputs = [trial.draw() for _ in range(INPUTS)]
    words = key.prove(inputs)
    asked: dict[str, tuple[object, ...]] = {
        "verifyProof": (words[0:2], [words[2:4], words[4:6]], words[6:8], inputs),
        "requireProof": (words, inputs),
    }
    contracts = {OURS: compile_verifier(key.key, "Groth16Verifier")}
    if SNARKJS.exists():
        contracts[THEIRS] = compile_theirs(key)
    for name, artifact in contracts.items():
        placed = deploy(trial.node, artifact)
        code = trial.node.ask("eth_getCode", placed.spelling, "latest")
        for function in [each for each in asked if name == OURS or each == "verifyProof"]:
            call = f"0x{placed.face.encode_call(function, *asked[function]).hex()}"
            gas = send(trial.node, trial.payer, function, to=placed.spelling, data=call, gas=hex(ENOUGH))
            if function == "verifyProof" and placed.ask(function, *asked[function]) is not True:
                raise SystemExit(f"the verifier of {name} refuses a valid proof")
            yield VerifierCost(name, function, gas, len(code) // 2 - 1, trial.gas_of_block(placed.block))


def compile_theirs(key: Key) -> Artifact:
    """The contract that snarkjs writes for a key, compiled as ours are."""
    with TemporaryDirectory() as folder:
        zkey, source = Path(folder) / "key.zkey", Path(folder) / "verifier.sol"
        zkey.write_bytes(key.zkey)
        run_snarkjs("zkey", "export", "solidityverifier", zkey, source)
        run_compiler(source, folder)
        return Artifact.read(Path(folder) / "Groth16Verifier.json")


# --- What came of it -----------------------------------------------------------------------------------


def describe_tools() -> dict[str, str]:
    """What the figures follow from."""
    needed = json.loads((CONTRACTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return {name: needed[name] for name in ("solc", "@openzeppelin/contracts", "@foundry-rs/anvil")}


def report(costs: Sequence[Cost], verifiers: Sequence[VerifierCost]) -> None:
    """A table of transactions, and one of verifiers."""
    console = Console(width=100)
    table = Table("contract", "function", "case", "gas", "limit", title="Gas of whole transactions")
    for each in costs:
        table.add_row(each.contract, each.function, each.case, f"{each.gas:,}", f"{each.limit:,}" if each.limit else "")
    console.print(table)
    table = Table("written by", "function", "gas", "bytes", "to deploy", title=f"Verifiers of {INPUTS} inputs")
    for it in verifiers:
        table.add_row(it.written_by, it.function, f"{it.gas:,}", f"{it.deployed_bytes:,}", f"{it.deployment:,}")
    console.print(table)


if __name__ == "__main__":
    main()
