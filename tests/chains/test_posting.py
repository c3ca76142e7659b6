"""Roots on a real board: signed by members who verify them, joined from files, posted once, refused when altered."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from chains.contracts import RevertedError
from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy, found
from chains.roots import POST_TYPE, Board, Newest, RootBoard, RootKind, RootPost, SignedPost, read_part, render_part
from chains.rpc import Chain, Limits, open_chain
from chains.settings import ContractPlace
from chains.transactions import Sender
from facts.lock_root import combine_chain_roots
from facts.roots import PublishedRoot, PublishedRoots
from facts.secp256k1 import SigningKey
from margin.errors import MalformedError, MarginError, Reason
from ringfence.cli.bridging.programs import find_address
from ringfence.cli.chain_measures import NodeMeasures
from ringfence.cli.commands.post_roots import post_on
from ringfence.cli.entry import run
from ringfence.cli.posting import Poster, PostRound, PostStep, PostTold, Witness
from ringfence.cli.relay_settings import BoardPlace
from ringfence.cli.relaying import Cargo, Round
from ringfence.cli.rounds import PostRounds
from ringfence.client.connection import Connection
from ringfence.client.errors import UnreachableError
from ringfence.client.settings import ConnectionSettings
from tests.chains.nodes import needs_nodes
from tests.chains.scripted_chain import SilenceError, node_of
from tests.chains.standing import GOVERNOR, PAUSE_SECONDS, PAYER, WEI
from tests.chains.test_shared_file import plant
from tests.facts.attestations import chain_key_of
from tests.facts.refusals import refused
from tests.facts.specimens import NOW
from tests.verifier.claims import Watch
from tests.verifier.registries import TRUST
from tests.verifier.running import Trial

MEMBERS = [chain_key_of(f"member {number}") for number in range(3)]
STRANGER = chain_key_of("a stranger")
ALL = (RootKind.BOOK, RootKind.MARKET, RootKind.LOCK)
POST = RootPost(RootKind.LOCK, 2**250 + 5, 77, NOW)
BOARD = Board(1, bytes(range(1, 21)))
EVERYTHING = BoardPlace(ContractPlace(1, b"\1" * 20), ALL, own_chain=False, spacing_seconds=0)


# --- What is signed --------------------------------------------------------------------------------------


def test_a_wallet_signs_the_same() -> None:
    from eth_account import Account  # noqa: PLC0415
    from eth_account.messages import encode_typed_data  # noqa: PLC0415

    members = [each.split(" ") for each in POST_TYPE.removeprefix("RootPost(").removesuffix(")").split(",")]
    types = {"RootPost": [{"type": kind, "name": name} for kind, name in members]}
    domain = {"name": "Ringfence", "version": "1", "chainId": 1, "verifyingContract": f"0x{BOARD.contract.hex()}"}
    said = {"kind": int(POST.kind), "root": POST.root, "sequence": POST.sequence, "moment": POST.moment}
    signed = Account.sign_message(encode_typed_data(domain, types, said), MEMBERS[0].secret)
    assert SignedPost.of(BOARD, POST, ()).sign(MEMBERS[0]).signatures[MEMBERS[0].address] == bytes(signed.signature)


def test_another_contract_is_another_digest() -> None:
    others = [replace(POST, sequence=78), replace(POST, moment=NOW + 1), replace(POST, kind=RootKind.BOOK)]
    digests = {each.digest(BOARD) for each in (POST, *others)}
    assert len(digests | {POST.digest(Board(2, BOARD.contract)), POST.digest(Board(1, b"\1" * 20))}) == 6


@pytest.mark.parametrize("wrong", [{"root": 0}, {"root": 2**255}, {"sequence": 0}, {"moment": 0}])
def test_what_no_contract_takes_is_no_post(wrong: dict[str, int]) -> None:
    assert refused(replace, POST, **wrong)[0] is Reason.OUT_OF_BOUNDS


def test_parts_come_together() -> None:
    parts = [SignedPost.of(BOARD, POST, ()).sign(member) for member in (*MEMBERS, STRANGER)]
    read = [read_part(json.loads(render_part(each))) for each in parts]
    assert read == parts
    joined = read[0]
    for each in read[1:]:
        joined = joined.join(each)
    assert len(joined.signatures) == 4
    assert refused(joined.join, replace(parts[0], post=replace(POST, moment=NOW + 1))) == (Reason.WRONG_MESSAGE, "post")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contract": "0x11"}, Reason.NOT_READABLE),
        ({"root": "0"}, Reason.OUT_OF_BOUNDS),
        ({"kind": "locks"}, Reason.NOT_A_CHOICE),
        ({"signatures": []}, Reason.NOT_A_LIST),
        ({"signatures": ["0x" + "00" * 65]}, Reason.WRONG_SIGNATURE),
        ({"signatures": [5]}, Reason.NOT_READABLE),
        ({"more": 1}, Reason.UNKNOWN_FIELD),
    ],
)
def test_a_part_that_is_none(changes: dict[str, Any], reason: Reason) -> None:
    said = json.loads(render_part(SignedPost.of(BOARD, POST, ()).sign(MEMBERS[0]))) | changes
    assert refused(read_part, said)[0] is reason


def test_attack_a_signature_of_another_post_counts_for_nobody() -> None:
    said = json.loads(render_part(SignedPost.of(BOARD, POST, ()).sign(MEMBERS[0])))
    moved = read_part(said | {"root": str(POST.root + 1)})
    assert MEMBERS[0].address not in moved.signatures


# --- On a chain ------------------------------------------------------------------------------------------


@dataclass
class Place:
    """A contract of a trial that has roots on it, and nothing else."""

    board: RootBoard
    deployed: Deployed


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    compile_contracts()
    with run_anvil(Manner(1, seconds_for_a_block=1)) as node, open_chain([node.url], 1) as chain:
        node.ask("evm_setNextBlockTimestamp", NOW)
        node.give(f"0x{PAYER.address.hex()}", WEI)
        deployed = found_board(node)
        yield Place(RootBoard.open(chain, deployed.address, Sender(chain, PAYER)), deployed)


def found_board(node: Anvil) -> Deployed:
    members = [member.address for member in MEMBERS]
    roles = [found(name, members) for name in ("book", "market", "lock")]
    charter: Any = ([found("governors", [GOVERNOR.address]), *roles], 0, PAUSE_SECONDS)
    return deploy(node, read_artifact("TrialBoard"), charter)


def signed_by(place: Place, post: RootPost, *signers: SigningKey) -> SignedPost:
    signed = SignedPost.of(place.board.board, post, ())
    for signer in signers:
        signed = signed.sign(signer)
    return signed


@needs_nodes
def test_a_root_is_posted_once(place: Place) -> None:
    post = replace(POST, root=1001)
    assert refused(place.board.post, signed_by(place, post, MEMBERS[0], STRANGER))[0] is Reason.TOO_FEW_SIGNERS
    receipt = place.board.post(signed_by(place, post, *MEMBERS))
    assert receipt is not None
    assert place.board.moment_of(RootKind.LOCK, 1001) == NOW
    assert place.board.newest(RootKind.LOCK).sequence == 77
    assert place.board.post(signed_by(place, post, *MEMBERS)) is None


@needs_nodes
def test_attack_a_root_from_the_future_is_refused_by_name(place: Place) -> None:
    post = replace(POST, root=1002, moment=NOW + 10**6)
    with pytest.raises(RevertedError) as caught:
        place.board.post(signed_by(place, post, *MEMBERS))
    assert caught.value.complaint.name == "MomentMalformed"


@needs_nodes
def test_members_come_to_the_same_post_by_themselves(place: Place, tmp_path: Path) -> None:
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"))
    told: list[PostTold] = []
    where = ContractPlace(1, place.board.contract.address)
    combined = BoardPlace(where, ALL, own_chain=False, spacing_seconds=0)
    with trial.serving() as running:
        desk = running.verifier.desk.registry
        published = desk.roots(NOW)
        decrees = tmp_path / "appointments"
        decrees.mkdir()
        for number, committee in enumerate(committees()):
            (decrees / f"{number}.fact").write_bytes(committee)
        witness = Witness(desk.trust, decrees, lambda: NOW)
        posters = [
            Poster([(combined, place.board)], witness, member, tmp_path / "parts", told.append) for member in MEMBERS
        ]
        posters[0].take(published)
        posters[0].attend()
        assert [each.step for each in told] == [PostStep.SIGNED] * 3
        posters[1].take(published)
        posters[1].attend()
        posters[0].attend()
        posters[2].take(published)
        posters[2].attend()
        assert [each.step for each in told].count(PostStep.POSTED) == 3
        assert not any(poster.waiting or poster.refused for poster in posters)
        assert published.book is not None
        assert published.locks is not None
        for kind, root in ((RootKind.BOOK, published.book), (RootKind.LOCK, published.locks)):
            assert place.board.moment_of(kind, root.root) == root.observed_at
        own = replace(combined, kinds=(RootKind.LOCK,), own_chain=True)
        (post,) = witness.posts(published, own)
        facts = [each for each in witness._verified(witness._read(), published.locks) if each.chain_id == 1]  # noqa: SLF001
        assert post.root == combine_chain_roots({desk.trust.chains[1].slot: facts[0].root})
        assert (post.sequence, post.moment) == (facts[0].sequence, facts[0].observed_at)


@needs_nodes
def test_attack_what_lies_among_the_parts_keeps_no_root_back(place: Place, tmp_path: Path) -> None:
    """Thousands of files of nobody before those of members, and pipes: among them, and where a member's would be."""
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"))
    told: list[PostTold] = []
    where = ContractPlace(1, place.board.contract.address)
    books = BoardPlace(where, (RootKind.BOOK,), own_chain=False, spacing_seconds=0)
    decrees, parts = tmp_path / "appointments", tmp_path / "parts"
    decrees.mkdir()
    for number, committee in enumerate(committees()):
        (decrees / f"{number}.fact").write_bytes(committee)
    with trial.serving() as running:
        running.wait(1)
        published = running.registry.roots(NOW + 1)
        witness = Witness(running.registry.trust, decrees, lambda: NOW + 1)
        posters = [Poster([(books, place.board)], witness, member, parts, told.append) for member in MEMBERS]
        posters[0].take(published)
        (mine,) = parts.iterdir()
        begin = mine.name.removesuffix(f"{MEMBERS[0].address.hex()}.json")
        for number in range(5000):
            (parts / f"{begin}{number:040x}.json").write_text("{")
        os.mkfifo(parts / f"{begin}.json")
        os.mkfifo(parts / f"{begin}{MEMBERS[2].address.hex()}.json")
        posters[1].take(published)
        posters[1].attend()
    assert [each.step for each in told] == [PostStep.SIGNED, PostStep.SIGNED, PostStep.POSTED]


def committees() -> list[bytes]:
    from tests.facts.specimens import CHAIN, ORACLE, VENUE  # noqa: PLC0415
    from tests.verifier.registries import SECOND_CHAIN, appointment_of  # noqa: PLC0415

    return [appointment_of(each) for each in (ORACLE, VENUE, CHAIN, SECOND_CHAIN)]


# --- How it is -------------------------------------------------------------------------------------------


@dataclass
class Trouble:
    """A node between a member and its chain, which can be silent."""

    place: Place
    is_silent: bool = False

    def answer(self, method: str, params: list[Any]) -> object:
        if self.is_silent:
            raise SilenceError
        return self.place.deployed.node.ask(method, *params)


@dataclass
class Member:
    """One who posts roots of books, beside a registry that serves."""

    trouble: Trouble
    posters: list[Poster]
    told: list[PostTold]
    chain: Chain
    publish: Callable[[], PublishedRoots]

    @property
    def steps(self) -> list[PostStep]:
        return [each.step for each in self.told]


@pytest.fixture
def member(place: Place, tmp_path: Path) -> Iterator[Member]:
    node, told, trial = place.deployed.node, list[PostTold](), Trial(tmp_path, Watch(), str(tmp_path / "store.db"))
    trouble, decrees = Trouble(place), tmp_path / "appointments"
    decrees.mkdir()
    for number, committee in enumerate(committees()):
        (decrees / f"{number}.fact").write_bytes(committee)
    with ExitStack() as stack:
        running = stack.enter_context(trial.serving())
        url = stack.enter_context(node_of(trouble.answer))
        chain = stack.enter_context(open_chain([url], 1, Limits(seconds=5, attempts=1)))
        board = RootBoard.open(chain, found_board(node).address, Sender(chain, PAYER))
        books = BoardPlace(
            ContractPlace(1, board.contract.address), (RootKind.BOOK,), own_chain=False, spacing_seconds=0
        )
        witness = Witness(running.registry.trust, decrees, trial.clock)
        posters = [Poster([(books, board)], witness, each, tmp_path / "parts", told.append) for each in MEMBERS]

        def publish() -> PublishedRoots:
            running.wait(10)
            node.advance(20)
            return running.registry.roots(trial.clock.now)

        yield Member(trouble, posters, told, chain, publish)


@needs_nodes
def test_a_round_says_what_stands_and_what_waits_for_signatures(member: Member) -> None:
    first, second, _ = member.posters
    published = member.publish()
    assert published.book is not None
    first.take(published)
    (key,) = first.attend().standing
    ended = first.attend()
    assert (ended.round.waiting, ended.round.failure) == ({Cargo.ROOT: 1}, None)
    assert key == (first.places[0][1].board, RootKind.BOOK)
    assert ended.standing[key].moment < published.book.observed_at
    second.take(published)
    ended = second.attend()
    assert ended.round == Round({Cargo.ROOT: 0}, None)
    assert ended.standing[key].moment == published.book.observed_at
    assert first.attend().round.waiting == {Cargo.ROOT: 0}


@needs_nodes
def test_what_a_newer_root_has_overtaken_waits_for_nobody(member: Member) -> None:
    """Its members were away when it was signed; nobody asks for it any more."""
    first, second, third = member.posters
    first.take(member.publish())
    newer = member.publish()
    second.take(newer)
    third.take(newer)
    third.attend()
    ended = first.attend()
    assert (first.waiting, ended.round.waiting) == (1, {Cargo.ROOT: 0})


@needs_nodes
def test_a_contract_that_could_not_be_asked_is_told_of_the_roots_when_it_can(member: Member) -> None:
    first, second, _ = member.posters
    published, member.trouble.is_silent = member.publish(), True
    for each in (first, second):
        each.take(published)
    for _ in range(2):
        ended = first.attend()
        assert ended.round.waiting == {Cargo.ROOT: 1}
        assert ended.round.failure is not None
        assert ended.round.failure.reason is Reason.CHAIN_UNAVAILABLE
        assert not ended.standing
    assert (first.waiting, member.steps) == (1, [PostStep.WAITING] * 2), "told once, and counted by --once"
    assert {each.reason for each in member.told} == {"CHAIN_UNAVAILABLE"}
    member.trouble.is_silent = False
    first.attend()
    ended = second.attend()
    assert ended.round == Round({Cargo.ROOT: 0}, None)
    assert member.steps[2:] == [PostStep.SIGNED, PostStep.SIGNED, PostStep.POSTED]


@needs_nodes
def test_a_root_that_grew_old_while_its_chain_was_silent_is_no_refusal(member: Member) -> None:
    first = member.posters[0]
    published, member.trouble.is_silent = member.publish(), True
    first.take(published)
    member.trouble.is_silent = False
    moment = first.witness.clock() + 10_000
    first.witness.clock = lambda: moment
    assert first.attend().round == Round({Cargo.ROOT: 0}, None)
    assert (first.refused, first.waiting, member.steps) == (0, 0, [PostStep.WAITING])


@needs_nodes
def test_attack_a_folder_of_parts_that_cannot_be_written_ends_nobody(member: Member) -> None:
    first = member.posters[0]
    first.parts.symlink_to(first.parts)
    first.take(member.publish())
    ended = first.attend()
    assert ended.round.failure is not None
    assert (ended.round.failure.reason, ended.round.failure.field) == (Reason.STORE_UNAVAILABLE, "parts")
    first.parts.unlink()
    assert first.attend().round == Round({Cargo.ROOT: 1}, None)
    assert member.steps == [PostStep.WAITING, PostStep.SIGNED]


@needs_nodes
def test_attack_folders_in_the_place_of_parts_give_way(member: Member) -> None:
    first, second, _ = member.posters
    published = member.publish()
    first.take(published)
    (part,) = first.parts.iterdir()
    part.unlink()
    (part / "something").mkdir(parents=True)
    again = replace(first)
    again._due.clear()  # noqa: SLF001 - as after a start
    again.take(published)
    assert part.is_file()
    second.take(published)
    second.attend()
    assert member.steps[-1] is PostStep.POSTED


@needs_nodes
def test_how_old_each_node_is_is_asked_of_each(member: Member) -> None:
    registry = CollectorRegistry()
    NodeMeasures(registry).follow(member.chain)
    member.posters[0].attend()
    labels = {"chain_id": "1", "endpoint": "endpoints[0]"}
    assert registry.get_sample_value("ringfence_node_behind_seconds", labels) is not None
    member.trouble.is_silent = True
    member.posters[0].attend()
    assert registry.get_sample_value("ringfence_node_faults_total", {**labels, "fault": "no_answer"})


def test_what_stands_on_a_contract_is_shown_by_its_address(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    rounds = PostRounds.open(tmp_path / "status.json", registry)
    rounds.told(PostTold(PostStep.WAITING, BOARD, POST, why="too few", reason="TOO_FEW_SIGNERS"))
    rounds.ended(PostRound(Round({Cargo.ROOT: 2}, None), {(BOARD, RootKind.LOCK): Newest(77, NOW)}))
    labels = {"chain_id": "1", "contract": f"0x{BOARD.contract.hex()}", "kind": "lock"}
    assert registry.get_sample_value("ringfence_board_moment", labels) == NOW
    assert registry.get_sample_value("ringfence_board_sequence", labels) == 77
    assert registry.get_sample_value("ringfence_relay_waiting", {"cargo": "root"}) == 2
    assert registry.get_sample_value("ringfence_relayed_total", {"cargo": "root", "step": "waiting"}) == 1
    refusals = {"cargo": "root", "reason": "TOO_FEW_SIGNERS"}
    assert registry.get_sample_value("ringfence_relay_refusals_total", refusals) == 1
    assert registry.get_sample_value("ringfence_looks_total", {"outcome": "ended", "reason": ""}) == 1
    said = json.loads((tmp_path / "status.json").read_text())
    assert (said["ok"], said["roots_waiting"]) == (True, 2)
    assert said["boards"] == [{**labels, "chain_id": 1, "sequence": 77, "moment": NOW}]


def test_a_registry_that_does_not_answer_is_told_as_a_round_that_failed(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    PostRounds.open(tmp_path / "status.json", registry).failed(UnreachableError(grpc.StatusCode.UNAVAILABLE))
    assert registry.get_sample_value("ringfence_looks_total", {"outcome": "failed", "reason": "UNAVAILABLE"}) == 1
    assert json.loads((tmp_path / "status.json").read_text())["reason"] == "UNAVAILABLE"


def test_before_a_registry_was_heard_no_round_is_a_good_one(tmp_path: Path) -> None:
    registry, told = CollectorRegistry(), list[PostTold]()
    rounds = PostRounds.open(tmp_path / "status.json", registry)
    poster = Poster([], Witness(TRUST, None, lambda: NOW), MEMBERS[0], tmp_path / "parts", told.append)
    settings = ConnectionSettings(find_address(), plaintext=True, attempts=1)
    with Connection(settings) as connection, pytest.raises(UnreachableError):
        post_on(poster, connection, rounds, 0.01)
    assert registry.get_sample_value("ringfence_looks_total", {"outcome": "ended", "reason": ""}) is None
    assert registry.get_sample_value("ringfence_looked_at") == 0
    assert registry.get_sample_value("ringfence_looks_total", {"outcome": "failed", "reason": "UNAVAILABLE"}) == 1
    assert json.loads((tmp_path / "status.json").read_text())["reason"] == "UNAVAILABLE"


def test_whoever_says_nowhere_how_it_is_cannot_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {
        "registry": {"address": "127.0.0.1:1", "plaintext": True},
        "trust": "trust.toml",
        "keys": "keys",
        "parts": "parts",
        "chains": [{"chain_id": 1, "endpoints": ["https://node.example/a-secret-key"]}],
        "boards": [{"chain_id": 1, "contract": "0x" + "11" * 20, "kinds": ["lock"]}],
    }
    (tmp_path / "post.json").write_text(json.dumps(document))
    check = ["post-roots", "--settings", str(tmp_path / "post.json"), "--check", "--json"]
    assert run(check) == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert (said["reason"], said["field"]) == ("MISSING_FIELD", "status")
    (tmp_path / "post.json").write_text(json.dumps(document | {"status": str(tmp_path / "status.json")}))
    assert run(check) == 3, "it has not said anything yet"
    PostRounds.open(tmp_path / "status.json", CollectorRegistry()).ended(PostRound(Round({Cargo.ROOT: 0}, None), {}))
    capsys.readouterr()
    assert run(check) == 0
    assert json.loads(capsys.readouterr().out)["roots_waiting"] == 0


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link", "a link to itself", "a larger one", "no bytes"])
def test_attack_what_lies_among_the_appointments_is_told_and_waited_for_by_nobody(tmp_path: Path, kind: str) -> None:
    """Without it nobody knows who speaks for what: it may be the fact that revokes somebody."""
    plant(tmp_path / "1.fact", kind)
    witness = Witness(TRUST, tmp_path, lambda: NOW)
    with pytest.raises(MarginError) as caught:
        list(witness.posts(PublishedRoots(), EVERYTHING))
    assert caught.value.field.startswith("1.fact")


# --- What a registry says --------------------------------------------------------------------------------


def test_attack_a_registry_that_lies_is_believed_nothing(tmp_path: Path) -> None:
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"))
    decrees = tmp_path / "appointments"
    decrees.mkdir()
    for number, committee in enumerate(committees()):
        (decrees / f"{number}.fact").write_bytes(committee)
    with trial.serving() as running:
        desk = running.verifier.desk.registry
        published = desk.roots(NOW)
    assert published.locks is not None
    assert published.book is not None

    def posts(said: PublishedRoots, moment: int = NOW, folder: Path | None = decrees) -> object:
        return list(Witness(desk.trust, folder, lambda: moment).posts(said, EVERYTHING))

    another = replace(published, locks=replace(published.locks, root=5))
    assert refused(posts, another) == (Reason.WRONG_ROOT, "roots.locks")
    altered = bytearray(published.book.facts[0])
    altered[-1] ^= 1
    forged = replace(published, book=PublishedRoot(1, 1, NOW, NOW + 1, (bytes(altered),)))
    assert refused(posts, forged)[0] is Reason.WRONG_SIGNATURE
    assert refused(posts, published, NOW + 10_000)[0] is Reason.TOO_OLD
    assert refused(posts, published, NOW, None)[0] is Reason.WRONG_COMMITTEE
    with pytest.raises(MalformedError):
        posts(replace(published, book=PublishedRoot(1, 1, NOW, NOW + 1, (b"nothing",))))
