"""What goes on by itself: lapses are written, the witness follows, and what fails is told and tried again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from facts.ed25519 import SigningKey
from facts.log_entry import State
from facts.log_head import LogKey, verify_head
from margin.errors import InternalError, Reason
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, PERIOD, TERMS, Watch, ask, prove
from verifier.heads import Heads
from verifier.keeper import Keeper
from verifier.signer import HeadSigner, Keyring, SigningKeys
from verifier.store.ledger import Ledger
from verifier.witness import WitnessFile, require_witnessed

FIRST, SECOND = (SigningKey.of_seed(bytes([number]) * 32) for number in (1, 2))


class Keys:
    """The keys of a log, which a test may rotate."""

    def __init__(self) -> None:
        self.log = FIRST
        self.all: tuple[bytes, ...] = (FIRST.public_key,)

    def read(self) -> SigningKeys:
        return SigningKeys(log=self.log, log_keys=self.all)

    def rotate(self) -> None:
        self.log = SECOND
        self.all = (SECOND.public_key, FIRST.public_key)


class Nobody:
    """Nobody watches what is signed."""

    def attestation_signed(self, event: object) -> None:
        """Nothing to do."""

    def alarm_raised(self, alarm: object) -> None:
        """Nothing to do."""


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def keeper(ledger: Ledger, keys: Keys, tmp_path: Path) -> Iterator[Keeper]:
    heads = Heads(ledger, HeadSigner(ledger, Keyring(keys.read), Nobody()))
    made = Keeper(ledger, heads, tmp_path / "witness", 3600)
    made.start()
    yield made
    made.stop()


def size_on(path: Path, key: SigningKey) -> int:
    return verify_head(path.read_text(), LogKey(IDENTITY.origin, key.public_key)).head.size


def test_lapses_are_written_and_the_witness_follows(
    ledger: Ledger, keeper: Keeper, clock: Watch, tmp_path: Path
) -> None:
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    keeper.tend()
    assert size_on(tmp_path / "witness", FIRST) == 1
    clock.now += PERIOD
    keeper.tend()
    assert ledger.acceptance(acceptance.id).state is State.LAPSED
    assert size_on(tmp_path / "witness", FIRST) == 2
    keeper.require_current()


def test_the_last_head_is_witnessed_at_the_end(ledger: Ledger, keeper: Keeper, tmp_path: Path) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    keeper.stop()
    assert size_on(tmp_path / "witness", FIRST) == 1


def test_what_fails_is_told_and_tried_again(ledger: Ledger, keeper: Keeper, tmp_path: Path) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    (tmp_path / "witness").unlink()
    (tmp_path / "witness").mkdir()
    keeper.tend()
    with pytest.raises(InternalError) as caught:
        keeper.require_current()
    assert caught.value.reason == Reason.STORE_UNAVAILABLE
    (tmp_path / "witness").rmdir()
    keeper.tend()
    keeper.require_current()
    assert size_on(tmp_path / "witness", FIRST) == 1


def test_a_witness_outlives_the_key_that_signed_it(ledger: Ledger, keeper: Keeper, keys: Keys, tmp_path: Path) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    keeper.tend()
    keys.rotate()
    ledger.accept(ask(), prove(2, tag=8), TERMS)
    keeper.tend()
    keeper.require_current()
    assert size_on(tmp_path / "witness", SECOND) == 2
    both = [LogKey(IDENTITY.origin, key) for key in keys.all]
    require_witnessed(ledger, WitnessFile(tmp_path / "witness", *both))
    old_alone = WitnessFile(tmp_path / "witness", both[1])
    assert refused(require_witnessed, ledger, old_alone)[0] == Reason.WRONG_SIGNATURE
