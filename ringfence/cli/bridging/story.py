"""What happens between two chains, step by step: what everybody sees, and what was read from the chains."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from chains.development.deployment import Deployed, role
from chains.gate import write_attestation
from chains.paying import write_proof
from chains.roots import Board, RootKind, RootPost
from chains.watching.growth import EMPTY
from facts.context import Binding, name_domain
from facts.cosigning import add_signature
from facts.demand import Demand
from facts.key_file import Role
from facts.lock_root import name_chain
from facts.log_entry import State
from facts.policy import StatementPolicy
from facts.roster import Revocation
from facts.sealed_release import open_release_key
from margin.errors import InternalError, Reason
from margin.requirement import RequirementKind
from ringfence.cli.bridging.by_hand import Cheat
from ringfence.cli.bridging.locks import await_signed, find_signed, read_locks
from ringfence.cli.bridging.payments import write_payment, write_word
from ringfence.cli.bridging.setting import (
    ELSEWHERE,
    EXIT_SECONDS,
    SEIZURE_SECONDS,
    Setting,
    deploy_gate,
)
from ringfence.cli.bridging.trader import LOCKED, Commitment, Position, Trader, expire
from ringfence.cli.bridging.venue import Venue
from ringfence.cli.connection import open_connection, open_counter
from ringfence.cli.sandbox.making import governance_of
from ringfence.cli.sandbox.parties import Party, sign_together
from ringfence.cli.sandbox.publishing import Speakers, committee_of
from ringfence.client.answers import Holding
from ringfence.client.connection import Connection
from ringfence.client.errors import ClientError, RefusedError
from ringfence.client.prover import NotProvedError
from ringfence.client.registry import Registry
from ringfence.client.release import open_claim
from ringfence.wire.claim import UnverifiedClaim
from snark.bn254.constants import GROUP_ORDER

SHORT_SECONDS: Final = 45
"""The proofs of the trial are good for so long, so that what is not refreshed lapses while somebody looks on."""
PATIENCE_SECONDS: Final = 180
GLANCE_SECONDS: Final = 0.02
CRASHED: Final = "57000"
POOR: Final = 100
"""What is not enough without a lock."""
RICH: Final = 1_000
DEPOSITS: Final = ("bob", "carol", "dave", "erin", "frank", "alice")
"""In the order in which they are made."""
FINISHES_AT, REQUESTED_AT = 1, 3
"""Where an exit that is written down has them."""
WALLET: Final = bytes.fromhex("00" * 18 + "b0b1")
"""An address that has never had anything."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    seen: Mapping[str, str]
    """Who saw what."""
    read: Mapping[str, object]
    """What the chains, and those who answer for something, say afterwards."""


@dataclass(slots=True)
class Story:
    """Everybody at the moment, with what each of them keeps."""

    setting: Setting
    venue: Venue
    trader: Trader
    reader: Connection
    positions: dict[str, Position] = field(default_factory=dict)
    commitments: dict[str, Commitment] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    gate_opened_after: float = 0.0
    """Seconds from a final deposit to an open gate."""
    exits: dict[str, int] = field(default_factory=dict)
    """Nullifiers of the locks that leave by themselves."""
    releases: dict[str, UnverifiedClaim] = field(default_factory=dict)
    """What owners of locks at the gate that checks proofs have given the venue."""
    claims: dict[str, UnverifiedClaim] = field(default_factory=dict)
    """What that gate has accepted."""
    posts: int = 0
    """So many roots were posted."""

    # --- What the chains say -------------------------------------------------------------------------------

    def state_at_gate(self, name: str) -> State | None:
        """What the gate says has become of an acceptance."""
        state, *_ = self.setting.destination.gate.ask("find", bytes.fromhex(self.holdings[name].id))
        return State(state) if state else None

    def is_open(self, name: str) -> bool:
        """Whether the gate is open for a position."""
        return bool(self.setting.destination.gate.ask("isLive", bytes.fromhex(self.holdings[name].id)))

    def balance(self, account: str) -> int:
        """How much of the token somebody has."""
        return int(self.setting.source.token.ask("balanceOf", account))

    def nullifier(self, name: str) -> int:
        """Of the lock that was accepted for a position."""
        attestation = self.holdings[name].attestation
        return (*attestation.held, *attestation.left)[0]

    # --- What they do again and again ----------------------------------------------------------------------

    def commit(self, name: str, cash: int = 100, place: Mapping[str, object] | None = None) -> None:
        """A position, shown to the venue."""
        source = self.setting.source
        position = Position(name, source.node.chain_id, source.asset, cash, place)
        self.positions[name] = position
        self.commitments[name] = self.trader.commit(position)
        self.venue.enter(position.document, self.commitments[name].leaf)

    def deposit(self, name: str, domain: str) -> None:
        """Lock the token for a position, in the escrow."""
        source = self.setting.source
        owner = self.commitments[name].lock_owner
        source.token.send(source.trader, "approve", source.escrow.spelling, LOCKED)
        source.escrow.send(source.trader, "deposit", source.token.spelling, LOCKED, name_domain(domain), owner)

    def follow_watchers(self, block: int) -> int:
        """Wait until watchers have signed a block, and put the locks among the facts; how many have signed."""
        signed = await_signed(self.reader, block)
        locks = read_locks(self.setting.source.escrow, signed.root.sequence)
        if self.venue.write_locks(self.setting.source.node.chain_id, locks) != signed.root.root:
            found, expected = "another root of the locks", "the one that the watchers have signed"
            raise InternalError(Reason.WRONG_ROOT, "locks", found=found, expected=expected)
        for rival in self.venue.others:
            self.venue.hand_over(rival, "watcher", signed.fact)
        return signed.signers

    def pledge(self, name: str) -> Holding:
        """Have the lock of a position taken as collateral, with a release for the venue.

        Its relayer looks into it: the root of locks that it is proved under has to count on the escrow.
        """
        setting = self.setting
        demand = self.trader.demand(RequirementKind.INITIAL, SHORT_SECONDS)
        claim = self.trader.prove(name, demand)
        door, venue = (bytes.fromhex(each[2:]) for each in (setting.sandbox.terms.seizure, setting.source.venue))
        release = self.trader.prove_release(self.positions[name], door, venue)
        self.vouch(release.inputs.lock_root)
        key = bytes.fromhex(setting.sandbox.release_public_key.read_text(encoding="utf-8"))
        self.holdings[name] = self.trader.accept(claim, release, key)
        return self.holdings[name]

    def owner_of(self, nullifier: int) -> str:
        """Whose a nullifier is at the gate."""
        owner: bytes = self.setting.destination.gate.ask("acceptanceOf", nullifier)
        return owner.hex()

    def place_at_proof_gate(self, name: str) -> Mapping[str, object]:
        """The context of a proof for the gate that checks proofs itself: it is its own verifier and registry."""
        destination = self.setting.destination
        return {
            "domain": name,
            "verifier": name,
            "chain_id": destination.node.chain_id,
            "contract": destination.proof_gate.spelling,
            "recipient": destination.recipient.lower(),
            "expires": "2100-01-01T00:00:00Z",
        }

    def demand_at_proof_gate(self, seconds: int = SHORT_SECONDS) -> Demand:
        """What the gate that checks proofs itself demands, for a while from now."""
        destination = self.setting.destination
        name = destination.proof_gate.ask("name")
        recipient = bytes.fromhex(destination.recipient[2:])
        binding = Binding(name, destination.node.chain_id, destination.proof_gate.address, recipient, expiry=1)
        return Demand(StatementPolicy(RequirementKind.INITIAL), name, expire(binding, seconds))

    # --- How what has to happen is waited for, and what must not happen ------------------------------------

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Until something is so; others do it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise InternalError(Reason.BROKEN_INVARIANT, "story", found="nothing of the kind", expected=what)
            time.sleep(GLANCE_SECONDS)

    def refusal(self, act: Callable[[], object]) -> RefusedError:
        """What a verifier says no with."""
        try:
            act()
        except RefusedError as refused:
            return refused
        raise InternalError(Reason.BROKEN_INVARIANT, "story", found="a claim that was taken", expected="a refusal")

    # --- What an escrow is told ----------------------------------------------------------------------------

    def vouch(self, root: int) -> None:
        """The watchers' council puts a root of the locks of its chain on the escrow."""
        escrow = self.setting.source.escrow
        if escrow.ask("momentOf", int(RootKind.LOCK), root) == 0:
            self.post(escrow, RootKind.LOCK, root, self.setting.sandbox.watchers)

    def post(self, board: Deployed, kind: RootKind, root: int, parties: Sequence[Party]) -> None:
        """A root with the signatures of enough of those who speak for it, by rising addresses."""
        self.posts += 1
        post = RootPost(kind, root, self.posts, board.node.moment)
        digest = post.digest(Board(board.node.chain_id, board.address))
        keys = sorted((each.open_chain_key(Role.COUNCIL) for each in parties), key=lambda key: key.address)
        signatures = [key.sign(digest) for key in keys[: len(keys) // 2 + 1]]
        board.send(board.node.accounts[0], "postRoot", int(kind), root, post.sequence, post.moment, signatures)

    def post_refusal(self, board: Deployed, parties: Sequence[Party]) -> str:
        """Why a contract does not take a root with these signatures."""
        root, moment = 1, board.node.moment
        digest = RootPost(RootKind.LOCK, root, self.posts + 1, moment).digest(Board(board.node.chain_id, board.address))
        keys = sorted((each.open_chain_key(Role.COUNCIL) for each in parties), key=lambda key: key.address)
        signatures = [key.sign(digest) for key in keys]
        return board.refusal(
            board.node.accounts[0], "postRoot", int(RootKind.LOCK), root, self.posts + 1, moment, signatures
        ).name

    def deposit_of(self, name: str) -> tuple[str, int, int, int]:
        """What was locked for a position."""
        token, domain = self.setting.source.token.spelling, self.trader.prepare(self.positions[name]).domain
        return token, LOCKED, name_domain(domain), self.commitments[name].lock_owner

    def request_exit(self, name: str) -> None:
        """Leave, by a proof that the nullifier is that of this very deposit."""
        source = self.setting.source
        claim = self.trader.prove_exit(self.positions[name], source.escrow.door("requestExit"), WALLET)
        (self.exits[name],) = claim.inputs.nullifiers
        recipient, expiry = f"0x{WALLET.hex()}", claim.demand.binding.expiry
        asked = DEPOSITS.index(name), self.deposit_of(name), self.exits[name], recipient, expiry
        source.escrow.send(source.trader, "requestExit", *asked, write_proof(claim.proof))

    def exit_of(self, name: str) -> tuple[Any, ...]:
        """What the escrow has written down of an exit."""
        found: tuple[Any, ...] = self.setting.source.escrow.ask("exitOf", self.exits[name])
        return found

    def exit_ends(self, name: str) -> int:
        """When an exit can be finished."""
        return int(self.exit_of(name)[FINISHES_AT])

    def exit_complaint(self, name: str) -> str:
        """Why the escrow would not finish an exit."""
        source = self.setting.source
        return source.escrow.refusal(source.trader, "finishExit", self.exits[name], self.deposit_of(name)).name

    def pay(self, door: str, release: UnverifiedClaim, holding: Holding) -> None:
        """Have the escrow pay; anybody may bring what it takes."""
        source = self.setting.source
        source.escrow.send(source.node.accounts[0], door, *self.order(release, holding))

    def complaint(self, door: str, release: UnverifiedClaim, holding: Holding) -> str:
        """Why the escrow would not pay."""
        source = self.setting.source
        return source.escrow.refusal(source.node.accounts[0], door, *self.order(release, holding)).name

    def order(self, release: UnverifiedClaim, holding: Holding) -> tuple[object, ...]:
        """What the doors of an escrow take."""
        token = self.setting.source.token.spelling
        return write_payment(token, release), write_proof(release.proof), write_word(holding.signed)

    # --- The steps -----------------------------------------------------------------------------------------

    def reorganise(self) -> Step:
        """A deposit that its chain takes back before it is final."""
        source = self.setting.source
        self.commit("alice")
        self.deposit("alice", self.setting.sandbox.terms.domain)
        deposits = source.escrow.ask("count")
        source.node.reorganise(1)
        source.node.finalise()
        self.follow_watchers(source.node.final)
        signed = await_signed(self.reader, source.node.final).root
        return Step(
            "The source chain takes a deposit back before it is final",
            {
                "trader": "locks 200 USDC; the block with it is taken back",
                "watchers": f"sign nothing but final blocks: block {signed.sequence}, in which there is no lock",
            },
            {
                "deposits_before": deposits,
                "deposits_after": source.escrow.ask("count"),
                "held_after": self.balance(source.escrow.spelling),
                "signed_block": signed.sequence,
                "signed_hash_is_the_chain_s": source.node.block(signed.sequence)["hash"]
                == f"0x{signed.block_hash.hex()}",
                "signed_locks": len(read_locks(source.escrow, signed.sequence)),
            },
        )

    def deposit_all(self) -> Step:
        """Locks of six positions, of which the watchers say nothing yet."""
        source, terms = self.setting.source, self.setting.sandbox.terms
        for name, cash in {"bob": RICH, "carol": RICH, "dave": RICH, "mallory": POOR}.items():
            self.commit(name, cash)
        gate = self.setting.destination.proof_gate.ask("name")
        at_proof_gate = {"erin": POOR, "frank": RICH}
        for name, cash in at_proof_gate.items():
            self.commit(name, cash, self.place_at_proof_gate(gate))
        for name in DEPOSITS:
            self.deposit(name, gate if name in at_proof_gate else terms.domain)
        self.venue.publish()
        signed = find_signed(self.reader)
        return Step(
            "Six traders lock 200 USDC each",
            {
                "traders": "have locked their money under commitments that nobody can link to a position",
                "venue": "has six positions and one more in its book, and has signed its root",
                "watchers": "wait until the blocks are final",
            },
            {
                "deposits": source.escrow.ask("count"),
                "held": self.balance(source.escrow.spelling),
                "newest_block": source.node.head,
                "signed_block": signed.root.sequence if signed else None,
            },
        )

    def open_gate(self) -> Step:
        """From a deposit that is final to a gate that is open."""
        source, destination = self.setting.source, self.setting.destination
        block = source.node.head
        source.node.finalise()
        began = time.perf_counter()
        signers = self.follow_watchers(block)
        signed_after = time.perf_counter() - began
        self.pledge("alice")
        accepted_after = time.perf_counter() - began
        self.wait_until(lambda: self.is_open("alice"), "a gate that is open for alice")
        self.gate_opened_after = time.perf_counter() - began
        return Step(
            "A lock on one chain opens the gate on the other",
            {
                "watchers": f"{signers} of 3 have signed the root of the locks at block {block} or later",
                "verifier": "has seen roots, tags and a policy: neither the position nor which lock it is",
                "venue": "has opened what was sealed for it: the lock could be seized, if it came to that",
                "relayer": "has carried the verifier's word to the gate, because of that",
                "bridge": "reads its own chain: the gate is open",
            },
            {
                "gate_is_open": self.is_open("alice"),
                "state": self.state_at_gate("alice"),
                "nullifier_is_alice_s": self.owner_of(self.nullifier("alice")) == self.holdings["alice"].id,
                "watchers_that_signed": signers,
                "signed_after_seconds": round(signed_after, 2),
                "accepted_after_seconds": round(accepted_after, 2),
                "open_after_seconds": round(self.gate_opened_after, 2),
                "gate": destination.gate.spelling,
            },
        )

    def refuse_again(self) -> Step:
        """The same lock for another position, by a trader who has a program of its own."""
        demand = self.trader.demand(RequirementKind.INITIAL, SHORT_SECONDS)
        cheat = Cheat(self.setting.sandbox, self.venue)
        claim = cheat.prove_with_lock_of("mallory", "alice", demand)
        refused = self.refusal(lambda: self.trader.accept_bare(claim))
        return Step(
            "The same lock for another position",
            {"verifier": f"refuses in step {refused.refusal.step}: {refused.reason}", "bridge": "sees nothing of it"},
            {
                "refused": refused.reason,
                "step": refused.refusal.step,
                "nullifier_is_alice_s": self.owner_of(self.nullifier("alice")) == self.holdings["alice"].id,
            },
        )

    def refuse_elsewhere(self) -> Step:
        """A claim for a third chain, and an attestation on a chain that it was not made for."""
        demand = self.trader.demand(RequirementKind.INITIAL, SHORT_SECONDS)
        elsewhere = replace(demand, binding=replace(demand.binding, chain_id=ELSEWHERE))
        refused = self.refusal(lambda: self.trader.accept_bare(self.trader.prove("bob", elsewhere)))
        twin = deploy_gate(self.setting.source.node, self.setting.sandbox, self.setting.governors)
        signed = self.holdings["alice"].signed
        complaint = twin.refusal(twin.node.accounts[0], "submit", write_attestation(signed), [signed.eip712_signature])
        return Step(
            "The same for a third chain",
            {
                "verifier": f"refuses in step {refused.refusal.step}: {refused.reason}",
                "gate on another chain": f"does not know who signed: {complaint.name}",
            },
            {"refused": refused.reason, "step": refused.refusal.step, "complaint": complaint.name},
        )

    def refuse_rival(self) -> Step:
        """A claim at a verifier with another registry of nullifiers, and a proof for it of a lock of this one."""
        rival, demand = self.setting.rival, self.trader.demand(RequirementKind.INITIAL, SHORT_SECONDS)
        claim = self.trader.prove("bob", demand)
        with open_counter(None, rival.client_settings("trader"), None) as counter:
            refused = self.refusal(lambda: counter.connection.ask(counter.verifier.accept(claim)))
        binding = replace(demand.binding, verifier=rival.terms.verifier)
        try:
            self.trader.prove("bob", replace(demand, domain=rival.terms.domain, binding=binding))
            broken = ""
        except NotProvedError as error:
            broken = error.field
        return Step(
            "The same at another verifier, of another domain",
            {
                "rival": f"knows the roots, and refuses in step {refused.refusal.step}: {refused.reason}",
                "trader": f"cannot prove it for the rival either: {broken}",
            },
            {"refused": refused.reason, "step": refused.refusal.step, "rule": broken},
        )

    def open_for_others(self) -> Step:
        """Two more positions, with the roots as they are signed now."""
        self.venue.publish()
        for name in ("bob", "carol"):
            self.pledge(name)
        for name in ("bob", "carol"):
            self.wait_until(partial(self.is_open, name), f"a gate that is open for {name}")
        return Step(
            "Two more positions are accepted",
            {"bridge": "the gate is open for both"},
            {name: self.state_at_gate(name) for name in ("bob", "carol")},
        )

    def free_one(self) -> Step:
        """A position that does without its lock gets it back; its escrow waits until nobody can rely on it any more."""
        self.venue.publish()
        claim = self.trader.prove("bob", self.trader.demand(RequirementKind.INITIAL, SHORT_SECONDS), "perp-k0")
        self.holdings["bob"] = self.trader.free(self.holdings["bob"], claim)
        self.wait_until(lambda: self.state_at_gate("bob") is State.RELEASED, "a gate that has released bob's lock")
        release = self.trader.prove_release(self.positions["bob"], self.setting.source.escrow.door("withdraw"), WALLET)
        self.vouch(release.inputs.lock_root)
        early = self.complaint("withdraw", release, self.holdings["bob"])
        return Step(
            "A position does without its lock, and lets it go",
            {
                "verifier": "has seen that the position meets the initial requirement by itself",
                "bridge": "the gate is closed for it",
                "escrow": f"does not pay yet: {early}",
            },
            {"state": self.state_at_gate("bob"), "gate_is_open": self.is_open("bob"), "complaint": early},
        )

    def crash(self) -> Step:
        """The price falls: what was proved before is too old, and what holds no longer cannot be proved."""
        upkeep = self.trader.demand(RequirementKind.MAINTENANCE, SHORT_SECONDS)
        stale, began = self.trader.prove("alice", upkeep), time.monotonic()
        self.venue.move_mark(self.positions["alice"].document, CRASHED)
        self.venue.publish()
        try:
            self.trader.prove("alice", upkeep)
            broken = ""
        except NotProvedError as error:
            broken = error.field
        age = self.setting.sandbox.terms.round_age_seconds
        time.sleep(max(0.0, began + age + 2 - time.monotonic()))
        refused = self.refusal(lambda: self.trader.refresh(self.holdings["alice"].id, stale))
        return Step(
            "The price falls",
            {
                "trader": f"cannot prove any more: {broken}",
                "verifier": f"refuses a proof at old prices in step {refused.refusal.step}: {refused.reason}",
            },
            {"rule": broken, "refused": refused.reason, "step": refused.refusal.step},
        )

    def seize(self) -> Step:
        """An acceptance lapses, and the venue is paid by the release that was sealed for it."""
        source, sandbox, holding = self.setting.source, self.setting.sandbox, self.holdings["alice"]
        lapses_at = holding.attestation.lapses_at
        time.sleep(max(0.0, lapses_at + 1 - time.time()))
        for node in (source.node, self.setting.destination.node):
            node.mine()
        is_open = self.is_open("alice")
        self.wait_until(lambda: self.state_at_gate("alice") is State.LAPSED, "a gate that was told of the lapse")
        key = open_release_key(sandbox.release_key, sandbox.venue.passphrase)
        with open_counter(None, sandbox.client_settings("venue"), None) as counter:
            (sealed,) = counter.connection.ask(counter.verifier.sealed_releases(holding.id))
            release = open_claim(sealed, key)
            seized = counter.connection.ask(counter.verifier.seize(holding.id, release))
        self.wait_until(lambda: self.state_at_gate("alice") is State.SEIZED, "a gate that was told of the seizure")
        before = self.balance(source.venue)
        through_the_other_door = self.complaint("withdraw", release, seized)
        self.pay("seize", release, seized)
        return Step(
            "An acceptance lapses, and its lock is seized",
            {
                "bridge": "the gate has closed by itself, with the second in which the acceptance lapsed",
                "venue": "has opened the release that was sealed for it, and is paid on the source chain",
                "escrow": f"would not let the same release withdraw: {through_the_other_door}",
            },
            {
                "gate_was_open_after_lapse": is_open,
                "state": self.state_at_gate("alice"),
                "venue_was_paid": self.balance(source.venue) - before,
                "is_paid": source.escrow.ask("isPaid", self.nullifier("alice")),
                "other_door": through_the_other_door,
                "again": self.complaint("seize", release, seized),
            },
        )

    def withdraw(self) -> Step:
        """The lock that was let go is paid to whom its owner wants, by a fresh address."""
        source = self.setting.source
        time.sleep(max(0.0, self.holdings["bob"].attestation.lapses_at + 1 - time.time()))
        source.node.mine()
        release = self.trader.prove_release(self.positions["bob"], source.escrow.door("withdraw"), WALLET)
        self.vouch(release.inputs.lock_root)
        self.pay("withdraw", release, self.holdings["bob"])
        recipient = f"0x{WALLET.hex()}"
        return Step(
            "What was let go is withdrawn",
            {"escrow": "pays an address that nobody has seen before, and cannot tell which deposit it was"},
            {
                "recipient_has": self.balance(recipient),
                "is_paid": source.escrow.ask("isPaid", self.nullifier("bob")),
                "escrow_has": self.balance(source.escrow.spelling),
            },
        )

    def open_proof_gate(self) -> Step:
        """A gate that checks the proof itself, against roots that committees have posted on its own chain."""
        sandbox, destination = self.setting.sandbox, self.setting.destination
        gate, sender = destination.proof_gate, destination.node.accounts[0]
        self.venue.publish()
        door, venue = self.setting.source.escrow.door("seize"), bytes.fromhex(self.setting.source.venue[2:])
        self.releases["erin"] = self.trader.prove_release(self.positions["erin"], door, venue)
        demand = self.demand_at_proof_gate()
        claim = self.claims["erin"] = self.trader.prove("erin", demand)
        inputs, proof = claim.inputs, write_proof(claim.proof)
        self.post(gate, RootKind.BOOK, inputs.book_root, [sandbox.venue])
        self.post(gate, RootKind.MARKET, inputs.market_root, sandbox.oracle)
        self.post(gate, RootKind.LOCK, inputs.lock_root, sandbox.watchers)
        shown = write_shown(claim)
        above = write_shown(claim, nullifier=inputs.nullifiers[0] + GROUP_ORDER)
        elsewhere = replace(demand, binding=replace(demand.binding, chain_id=ELSEWHERE))
        foreign = self.trader.prove("erin", elsewhere)
        complaints = {
            "another_chain": gate.refusal(sender, "accept", write_shown(foreign), write_proof(foreign.proof)).name,
            "input_plus_r": gate.refusal(sender, "accept", above, proof).name,
        }
        gas = gate.send(sender, "accept", shown, proof)
        complaints["replay"] = gate.refusal(sender, "accept", shown, proof).name
        state, _, _ = gate.ask("find", inputs.nullifiers[0])
        return Step(
            "A gate that asks nobody: the proof is checked on the chain",
            {
                "committees": "have posted the roots of book, market and locks on the destination chain",
                "contract": f"has checked the proof itself, for {gas} gas",
                "anybody": f"who brings the same again is refused: {complaints['replay']}",
            },
            {"is_held": gate.ask("isHeld", inputs.nullifiers[0]), "state": state, "gas": gas, **complaints},
        )

    def revoke_watcher(self) -> Step:
        """A watcher whose key was stolen counts no more, from the answer of governance on."""
        sandbox, source = self.setting.sandbox, self.setting.source
        first, *others = sandbox.watchers
        committee = committee_of(sandbox, name_chain(source.node.chain_id))
        governance = governance_of(sandbox)
        revocation = Revocation(governance.scope, governance.digest, first.public_key)
        fact = sign_together(revocation, [sandbox.governance.open_member()]).encode()
        self.venue.hand_over(sandbox, "governance", fact)
        newest = await_signed(self.reader, source.node.final).root
        late = replace(newest, sequence=newest.sequence + 1, final_block=newest.final_block + 1)
        signed = add_signature(late, committee, first.open_member(), int(time.time())).encode()
        try:
            with open_connection(None, sandbox.client_settings("watcher"), None) as connection:
                connection.ask(Registry().cosign_lock_root(signed))
            refused = ""
        except ClientError as error:
            refused = error.reason
        source.node.finalise()
        signers = self.follow_watchers(source.node.final)
        escrow, stolen = source.escrow, first.chain_address(Role.COUNCIL)
        self.setting.governors.revoke(escrow, "lock", stolen)
        complaint = self.post_refusal(escrow, [first, others[0]])
        return Step(
            "A watcher is revoked",
            {
                "registry": f"takes nothing that it signs from now on: {refused}",
                "escrow": f"neither: {complaint}",
                "other watchers": f"{signers} of them go on",
            },
            {
                "refused": refused,
                "watchers_that_signed": signers,
                "complaint": complaint,
                "is_member": escrow.ask("isMember", role("lock"), f"0x{stolen.hex()}"),
            },
        )

    def contest_exit(self) -> Step:
        """Two owners leave and ask nobody; one of the locks is held by an acceptance."""
        source = self.setting.source
        before = len([leaf for leaf in read_locks(source.escrow, source.node.head) if leaf != EMPTY])
        for name in ("carol", "dave"):
            self.request_exit(name)
        held = self.holdings["carol"]
        word = write_word(held.signed)
        verifier = self.setting.sandbox.terms.verifier
        source.escrow.send(source.trader, "contest", self.nullifier("carol"), self.deposit_of("carol"), verifier, word)
        block = source.node.head
        source.node.finalise()
        self.follow_watchers(block)
        left = len([leaf for leaf in read_locks(source.escrow, block) if leaf != EMPTY])
        return Step(
            "Two locks leave by themselves, and one of them is contested",
            {
                "watchers": "have taken both locks out of the tree: nobody can accept them any more",
                "escrow": "lets the one wait for as long as its acceptance could still be seized",
            },
            {
                "locks_before": before,
                "locks_left": left,
                "contested_waits_until": self.exit_ends("carol") - held.attestation.lapses_at,
                "uncontested_waits": self.exit_ends("dave") - self.exit_of("dave")[REQUESTED_AT],
            },
        )

    def finish_exit(self) -> Step:
        """The time of one exit has come, that of the other has not."""
        source, recipient = self.setting.source, f"0x{WALLET.hex()}"
        before = self.balance(recipient)
        early = self.exit_complaint("dave")
        source.node.advance(EXIT_SECONDS + 1)
        source.escrow.send(source.trader, "finishExit", self.exits["dave"], self.deposit_of("dave"))
        contested = self.exit_complaint("carol")
        source.node.advance(SEIZURE_SECONDS + SHORT_SECONDS)
        paid = self.balance(recipient) - before
        source.escrow.send(source.trader, "finishExit", self.exits["carol"], self.deposit_of("carol"))
        return Step(
            "An exit is finished, and the contested one once its time has come",
            {
                "escrow": f"pays the one when its time has come; the other has to wait: {contested}",
                "trader": "has the money of both in the end, and has asked nobody for it",
            },
            {
                "complaint_before": early,
                "complaint_contested": contested,
                "paid": paid,
                "paid_in_the_end": self.balance(recipient) - before,
                "again": self.exit_complaint("dave"),
                "escrow_has": self.balance(source.escrow.spelling),
            },
        )


def write_shown(claim: UnverifiedClaim, nullifier: int | None = None) -> tuple[object, ...]:
    """What a gate that checks proofs itself is shown of a claim."""
    inputs, binding = claim.inputs, claim.demand.binding
    roots = inputs.book_root, inputs.market_root, inputs.lock_root
    (own,) = inputs.nullifiers if nullifier is None else (nullifier,)
    return (*roots, inputs.position_tag, own, binding.recipient, binding.expiry)


@contextmanager
def begin_story(setting: Setting) -> Iterator[Story]:
    """The connections that everybody has, until the end of the block."""
    sandbox, rival = setting.sandbox, setting.rival
    with ExitStack() as stack:
        prover = stack.enter_context(open_connection(None, sandbox.client_settings("prover"), None))
        counter = stack.enter_context(open_counter(None, sandbox.client_settings("trader"), None))
        reader = stack.enter_context(open_connection(None, sandbox.client_settings("reader"), None))
        venue = Venue(sandbox, [rival], Speakers.open(sandbox))
        yield Story(setting, venue, Trader(sandbox, prover, counter), reader)
