"""``ringfence watch-chain``: three watchers with keys of their own make a root of what two of them sign."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import chains
from chains.watching.settings import read_watch
from facts.committee_document import describe_committee
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.lock_root import LockRoot, combine_chain_roots
from facts.sealed_file import Cost
from facts.signed import decode_signed
from margin.documents.reading import read_document
from margin.errors import MarginError
from ringfence.cli.entry import run
from tests.chains.scripted_chain import BLOCK_SECONDS, CHAIN_ID, ESCROW, GENESIS, ScriptedChain, node_of
from tests.chains.watched import EVERY, committee_of, lock, root_of
from tests.packaging.sources import REPOSITORY
from tests.verifier.claims import IDENTITY, Watch
from tests.verifier.registries import LIMIT, TRUST, appointment_of, revocation_of
from tests.verifier.served_registry import serve_registry
from verifier.registry import Registry
from verifier.store.address import open_database
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import create_file
from verifier.trust import Chain

PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of the tests
NOW = GENESIS + BLOCK_SECONDS * 91
SLOT = 9
WATCHERS = 3


@dataclass(frozen=True, slots=True)
class Post:
    """A registry with a chain, and three watchers of it in folders."""

    folder: Path
    chain: ScriptedChain
    registry: Registry
    clock: Watch
    capsys: pytest.CaptureFixture[str]

    def settings(self, number: int) -> Path:
        """The document of a watcher."""
        return self.folder / f"watch-{number}.toml"

    def look(self, number: int, *more: str) -> tuple[int, dict[str, object]]:
        """One look of a watcher; its exit and what it says."""
        self.capsys.readouterr()
        code = run(["watch-chain", "--settings", str(self.settings(number)), *(more or ("--once",)), "--json"])
        said: dict[str, object] = json.loads(self.capsys.readouterr().out)
        return code, said


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[KeyFolder]:
    """The keys of the watchers."""
    folders = [KeyFolder(tmp_path_factory.mktemp(f"keys-{number}") / "keys") for number in range(WATCHERS)]
    for folder in folders:
        folder.create("member", Role.MEMBER, Algorithm.ED25519, PASSPHRASE, moment=1, cost=Cost(14))
    return folders


@pytest.fixture
def post(tmp_path: Path, members: list[KeyFolder], capsys: pytest.CaptureFixture[str]) -> Iterator[Post]:
    committee = committee_of([folder.read().keys[0].public_key for folder in members])
    (tmp_path / "watchers.json").write_text(json.dumps(describe_committee(committee)), encoding="utf-8")
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n", encoding="utf-8")
    create_file(tmp_path / "store.db")
    database, clock = open_database(str(tmp_path / "store.db")), Watch(NOW)
    upgrade_store(database, IDENTITY)
    trust = replace(TRUST, chains={CHAIN_ID: Chain(CHAIN_ID, SLOT, LIMIT)})
    registry = Registry(database, IDENTITY, trust, clock)
    registry.publish(appointment_of(committee))
    chain = ScriptedChain()
    with serve_registry(registry, clock) as server, node_of(chain.answer) as url:
        post = Post(tmp_path, chain, registry, clock, capsys)
        connection = f'[connection]\naddress = "127.0.0.1:{server.port}"\nplaintext = true\n'
        (tmp_path / "connection.toml").write_text(connection, encoding="utf-8")
        for number, folder in enumerate(members):
            post.settings(number).write_text(render(tmp_path, number, folder.path, url), encoding="utf-8")
        yield post
    database.close()


def render(folder: Path, number: int, keys: Path, url: str) -> str:
    """A watch document."""
    return f"""format = "ringfence.watch/1"
escrow = "0x{ESCROW.hex()}"
from_block = 1
every_blocks = {EVERY}
look_seconds = 1
state = "{folder}/state-{number}"
committee = "{folder}/watchers.json"
keys = "{keys}"
passphrase_file = "{folder}/passphrase"
connection = "{folder}/connection.toml"

[chain]
chain_id = {CHAIN_ID}
endpoints = ["{url}"]
limits = {{ seconds = 60, attempts = 1 }}
"""


def outcomes(said: dict[str, object]) -> dict[int, str]:
    """What became of each root."""
    submitted = said["submitted"]
    assert isinstance(submitted, list)
    return {each["block"]: each["outcome"] for each in submitted}


def test_two_of_three_watchers_make_a_root(post: Post) -> None:
    post.chain.deposit(12)
    code, first = post.look(0)
    assert (code, first["block"], first["published"]) == (0, 90, None)
    assert outcomes(first)[90] == "waiting"
    assert post.registry.roots(NOW).locks is None
    code, second = post.look(1)
    assert (code, second["published"], second["root"]) == (0, 90, str(root_of([lock(0)])))
    assert post.look(0)[1]["published"] == 90  # asked again, it learns that it is
    assert post.look(2)[1]["published"] == 90
    assert post.look(2)[1]["submitted"] == []
    locks = post.registry.roots(NOW).locks
    assert locks is not None
    assert locks.root == combine_chain_roots({SLOT: root_of([lock(0)])})
    stated = decode_signed(locks.facts[0], LockRoot)
    assert (stated.statement.sequence, len(stated.signatures)) == (90, 2)


def test_a3_a_watcher_that_was_revoked_is_told_so_and_the_others_go_on(post: Post, members: list[KeyFolder]) -> None:
    post.look(0)
    revoked = members[0].open(members[0].read().keys[0], PASSPHRASE)
    post.registry.publish(revocation_of(revoked))  # type: ignore[arg-type] # it is one of Ed25519
    code, said = post.look(0)
    assert (code, said["error"]["reason"]) == (1, "REVOKED_SIGNER")  # type: ignore[index] # an error is an object
    assert post.look(1)[1]["published"] is None
    assert post.look(2)[1]["published"] == 90


def test_a_chain_that_takes_back_what_was_final_is_an_alarm(post: Post) -> None:
    post.chain.deposit(12)
    assert post.look(0)[0] == 0
    assert post.look(0, "--check")[0] == 0
    post.chain.undo(12, "another")
    code, said = post.look(0)
    assert (code, said["error"]["reason"]) == (4, "CHAIN_REWRITTEN")  # type: ignore[index]
    code, said = post.look(0, "--check")
    assert (code, said["error"]["found"]) == (1, "CHAIN_REWRITTEN")  # type: ignore[index]
    status = (post.folder / "state-0" / "status.json").read_text(encoding="utf-8")
    assert json.loads(status)["alarm"] is True


def test_nothing_that_a_watcher_says_has_the_address_of_its_node(post: Post) -> None:
    post.chain.faults = [ConnectionError()]  # the socket is closed without a word
    code, said = post.look(0)
    assert (code, said["error"]["reason"]) == (4, "CHAIN_UNAVAILABLE")  # type: ignore[index]
    told = json.dumps(said) + (post.folder / "state-0" / "status.json").read_text(encoding="utf-8")
    assert "secret" not in told
    assert PASSPHRASE not in told


def test_a_watcher_that_says_nothing_any_more_is_not_well(post: Post) -> None:
    assert post.look(0, "--check")[0] == 3
    post.look(0)
    status = post.folder / "state-0" / "status.json"
    said = json.loads(status.read_text(encoding="utf-8"))
    status.write_text(json.dumps({**said, "at": said["at"] - 1000}), encoding="utf-8")
    assert post.look(0, "--check")[1]["error"]["reason"] == "TOO_OLD"  # type: ignore[index]


@pytest.mark.slow
def test_a_watcher_runs_until_it_is_told_to_end(post: Post) -> None:
    with running(post, 0) as first, running(post, 1):
        deadline = time.monotonic() + 60
        while (locks := post.registry.roots(NOW).locks) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert locks is not None
        assert first.stdout is not None
        assert json.loads(first.stdout.readline())["block"] == 90


@contextmanager
def running(post: Post, number: int) -> Iterator[subprocess.Popen[str]]:
    """A watcher as a process, which ends when it is told to."""
    words = ["watch-chain", "--settings", str(post.settings(number)), "--json"]
    command = [sys.executable, "-c", "from ringfence.cli import main; main()", *words]
    with (
        (post.folder / f"log-{number}").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=REPOSITORY) as process,  # noqa: S603
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
    assert process.returncode == 0
    assert "LOOKED" in (post.folder / f"log-{number}").read_text(encoding="utf-8")


# --- The document ----------------------------------------------------------------------------------------

WHOLE = {
    "format": "ringfence.watch/1",
    "escrow": f"0x{ESCROW.hex()}",
    "from_block": 1,
    "every_blocks": 32,
    "state": "watch",
    "committee": "watchers.toml",
    "keys": "keys",
    "chain": {"chain_id": 1, "endpoints": ["https://node.example/key"]},
}
SCHEMA = json.loads((Path(chains.__file__).parent / "watch.schema.json").read_text(encoding="utf-8"))


def test_the_schema_describes_what_is_read() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert Draft202012Validator(SCHEMA).is_valid(WHOLE)
    read = read_watch(WHOLE)
    assert (read.chain.confirmations, read.metrics, read.look_seconds) == (None, None, 12)


def test_the_example_is_a_whole_document() -> None:
    content = read_document(REPOSITORY / "examples" / "watching" / "watch.toml")
    Draft202012Validator(SCHEMA).validate(content)
    assert read_watch(content).every_blocks == 32


@pytest.mark.parametrize(
    "changes",
    [
        {"escrow": "0x12"},
        {"escrow": "somewhere"},
        {"every_blocks": 0},
        {"look_seconds": 0},
        {"from_block": -1},
        {"other": 1},
        {"chain": {"chain_id": 0, "endpoints": ["https://node.example"]}},
        {"chain": {"chain_id": 1, "endpoints": []}},
        {"chain": {"chain_id": 1, "endpoints": [1]}},
        {"chain": {"chain_id": 1, "endpoints": ["https://node.example"], "limits": {"seconds": 0}}},
        {"chain": {"chain_id": 1, "endpoints": ["https://node.example"], "confirmations": -1}},
        {"chain": {"chain_id": 1, "endpoints": ["https://node.example"], "url": "x"}},
    ],
)
def test_what_the_schema_refuses_is_not_read(changes: dict[str, object]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid({**WHOLE, **changes})
    with pytest.raises(MarginError):
        read_watch({**WHOLE, **changes})


def test_every_field_is_in_the_schema() -> None:
    for name in ("escrow", "from_block", "every_blocks", "state", "committee", "keys", "chain"):
        missing = {key: value for key, value in WHOLE.items() if key != name}
        assert not Draft202012Validator(SCHEMA).is_valid(missing)
        with pytest.raises(MarginError):
            read_watch(missing)
