"""Roots that committees vouch for: how old they are, when they ripen, and what the project's own client posts."""

import pytest

from chains.contracts import Contract
from chains.development.deployment import Deployed
from chains.roots import Board, RootBoard, RootKind, RootPost, SignedPost
from facts.typed_data import word
from snark.bn254.constants import GROUP_ORDER
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import DAY, DISOWNING, GOVERNORS, Arena, committee, digest_for, keys_of, sign

pytestmark = [needs_nodes, pytest.mark.slow]

VOUCHERS = keys_of("voucher", 3)
AGE = 600


@pytest.fixture
def board(arena: Arena) -> Deployed:
    roles = [committee(kind.name.lower(), VOUCHERS) for kind in RootKind]
    return arena.deploy("TrialBoard", ([committee("governors", GOVERNORS), *roles], 0, DAY))


def sign_post(board: Deployed, post: RootPost) -> tuple[object, ...]:
    """The arguments of a post, signed as ``ringfence post-roots`` signs."""
    signed = SignedPost.of(Board(board.node.chain_id, board.address), post, [])
    for key in VOUCHERS[:2]:
        signed = signed.sign(key)
    signatures = [signed.signatures[address] for address in sorted(signed.signatures)]
    return post.kind, post.root, post.sequence, post.moment, signatures


def post(arena: Arena, board: Deployed, root: int, sequence: int, moment: int, kind: RootKind = RootKind.LOCK) -> None:
    arena.send(board, "postRoot", *sign_post(board, RootPost(kind, root, sequence, moment)))


def test_what_members_sign_is_what_the_contract_hashes(arena: Arena, board: Deployed) -> None:
    for sequence, kind in enumerate(RootKind, 1):
        moment = arena.now - 10
        post(arena, board, GROUP_ORDER - sequence, sequence, moment, kind)
        assert board.ask("momentOf", kind, GROUP_ORDER - sequence) == moment
        assert tuple(board.ask("newestOf", kind)) == (sequence, moment)
        assert board.ask("momentOf", kind, 5) == 0


def test_a_root_is_as_old_as_its_facts(arena: Arena, board: Deployed) -> None:
    post(arena, board, 7, 1, arena.now - AGE + 50)
    assert arena.refusal(board, "requireFresh", RootKind.LOCK, 7, AGE) == ""
    arena.node.advance(51)
    assert arena.refusal(board, "requireFresh", RootKind.LOCK, 7, AGE) == "RootStale"
    post(arena, board, 7, 2, arena.now - 5)
    assert arena.refusal(board, "requireFresh", RootKind.LOCK, 7, AGE) == "", "the facts are still so"


def test_a_root_ripens_from_when_it_was_posted_first(arena: Arena, board: Deployed) -> None:
    post(arena, board, 7, 1, arena.now - DAY)
    assert arena.refusal(board, "requireRipe", RootKind.LOCK, 7, AGE) == "RootUnripe"
    assert arena.refusal(board, "requireRipe", RootKind.LOCK, 7, 0) == ""
    arena.node.advance(AGE)
    assert arena.refusal(board, "requireRipe", RootKind.LOCK, 7, AGE) == ""
    post(arena, board, 7, 2, arena.now)
    assert arena.refusal(board, "requireRipe", RootKind.LOCK, 7, AGE) == "", "posted again, it ripens not again"
    post(arena, board, 8, 3, arena.now)
    assert arena.refusal(board, "requireRipe", RootKind.LOCK, 8, AGE) == "RootUnripe"
    assert board.ask("postedAt", RootKind.LOCK, 8) == arena.now


def test_the_same_post_again_changes_nothing(arena: Arena, board: Deployed) -> None:
    arguments = sign_post(board, RootPost(RootKind.BOOK, 7, 4, arena.now))
    arena.send(board, "postRoot", *arguments)
    since = board.ask("postedAt", RootKind.BOOK, 7)
    arena.node.advance(100)
    arena.send(board, "postRoot", *arguments)
    assert board.ask("postedAt", RootKind.BOOK, 7) == since
    assert tuple(board.ask("newestOf", RootKind.BOOK)) == (4, arguments[3])


def test_r8_a_root_that_nobody_posted_is_unknown_and_one_that_was_disowned_is_nothing(
    arena: Arena, board: Deployed
) -> None:
    for function, span in (("requireFresh", AGE), ("requireRipe", 0)):
        for root in (0, 7, GROUP_ORDER):
            assert arena.refusal(board, function, RootKind.LOCK, root, span) == "RootUnknown"
    post(arena, board, 7, 1, arena.now)
    signatures = sign(digest_for(board, DISOWNING, [word(RootKind.LOCK), word(7)]), GOVERNORS[:2])
    arena.send(board, "disownRoot", RootKind.LOCK, 7, signatures)
    for function, span in (("requireFresh", AGE), ("requireRipe", 0)):
        assert arena.refusal(board, function, RootKind.LOCK, 7, span) == "RootDisowned"
    assert (board.ask("momentOf", RootKind.LOCK, 7), board.ask("postedAt", RootKind.LOCK, 7)) == (0, 0)
    again = sign_post(board, RootPost(RootKind.LOCK, 7, 2, arena.now))
    assert arena.refusal(board, "postRoot", *again) == "RootDisowned"
    for kind in (0, 4, 255):
        assert arena.refusal(board, "disownRoot", kind, 7, signatures) == "KindUnknown"


def test_the_client_finds_what_it_posted(arena: Arena, board: Deployed) -> None:
    client = RootBoard(Contract(arena.chain, board.face, board.address))
    moment = arena.now
    post(arena, board, 7, 3, moment)
    assert client.newest(RootKind.LOCK).sequence == 3
    assert client.moment_of(RootKind.LOCK, 7) == moment
    assert client.committee(RootKind.LOCK).threshold == 2
