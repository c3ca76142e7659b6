"""The last head that was seen only goes forwards, whoever saw it."""

from pathlib import Path

import pytest

from margin.errors import MarginError
from ringfence.client.heads import LastHead
from tests.facts.specimens import key_of
from tests.ringfence.wire.test_log import KEYS, TREE


def test_a_head_is_remembered_and_never_an_older_one() -> None:
    last = LastHead(KEYS)
    assert last.head is None
    last.advance(TREE.head(3))
    last.advance(TREE.head(2))
    assert last.head == TREE.head(3)


def test_a_file_is_known_to_all_that_share_it(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    first, second = LastHead(KEYS, path), LastHead(KEYS, path)
    first.advance(TREE.head(2))
    assert second.head == TREE.head(2)
    second.advance(TREE.head(5))
    first.advance(TREE.head(3))
    assert first.head == TREE.head(5)
    assert path.read_text(encoding="utf-8") == TREE.head(5).note


def test_a_file_that_goes_back_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "heads"
    last = LastHead(KEYS, path)
    last.advance(TREE.head(5))
    path.write_text(TREE.head(1).note, encoding="utf-8")
    assert last.head == TREE.head(5)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"no note", TREE.head(signer=key_of("a stranger")).note.encode()]
)
def test_a_file_that_the_log_did_not_sign_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "heads"
    path.write_bytes(content)
    with pytest.raises(MarginError):
        _ = LastHead(KEYS, path).head
