"""Roots on a real board: signed by members who verify them, joined from files, posted once, refused when altered."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chains.contracts import RevertedError
from chains.development.anvil import Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy, found
from chains.roots import POST_TYPE, Board, RootBoard, RootKind, RootPost, SignedPost, read_part, render_part
from chains.rpc import open_chain
from chains.settings import ContractPlace
from chains.transactions import Sender
from facts.lock_root import combine_chain_roots
from facts.roots import PublishedRoot, PublishedRoots
from facts.secp256k1 import SigningKey
from margin.errors import MalformedError, MarginError, Reason
from ringfence.cli.posting import Poster, PostStep, PostTold, Witness
from ringfence.cli.relay_settings import BoardPlace
from tests.chains.nodes import needs_nodes
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
    with run_anvil(Manner(1)) as node, open_chain([node.url], 1) as chain:
        node.ask("evm_setNextBlockTimestamp", NOW)
        node.give(f"0x{PAYER.address.hex()}", WEI)
        members = [member.address for member in MEMBERS]
        roles = [found(name, members) for name in ("book", "market", "lock")]
        charter: Any = ([found("governors", [GOVERNOR.address]), *roles], 0, PAUSE_SECONDS)
        deployed = deploy(node, read_artifact("TrialBoard"), charter)
        yield Place(RootBoard.open(chain, deployed.address, Sender(chain, PAYER)), deployed)


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
