"""``ringfence post-roots`` as its members run it: a registry that serves, watchers that sign, two chains, an escrow."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from prometheus_client.utils import floatToGoString

from chains.development.deployment import Deployed
from chains.roots import RootKind
from facts.key_file import Role
from facts.lock_root import LockRoot, combine_chain_roots, name_chain
from facts.roots import PublishedRoot, PublishedRoots
from facts.signed import decode_signed
from ringfence.cli.bridging.documents import describe_access
from ringfence.cli.bridging.programs import COMMAND, find_address, run_program
from ringfence.cli.bridging.setting import COIN, SOURCE_CHAIN, Setting, open_setting
from ringfence.cli.bridging.story import Story, begin_story
from ringfence.cli.connection import read_client_settings
from ringfence.cli.entry import run
from ringfence.cli.sandbox.making import appoint_everybody, governance_of
from ringfence.cli.sandbox.parties import Party
from ringfence.cli.sandbox.places import ORACLE_SCOPE, VENUE_SCOPE
from ringfence.cli.sandbox.publishing import committee_of
from ringfence.client.registry import Registry
from tests.chains.nodes import needs_nodes

pytestmark = [needs_nodes, pytest.mark.native, pytest.mark.slow]
SECONDS, HOUR = 300, 3600


@dataclass
class Members:
    """The committees of the contracts, each member with a program of its own and one folder for all parts."""

    setting: Setting
    story: Story
    folder: Path
    settings: dict[str, Path] = field(default_factory=dict)

    def appoint(self, party: Party, boards: Sequence[Mapping[str, object]]) -> None:
        """Give a member an account that pays on both chains, and its document."""
        address = party.create_chain_key(Role.SENDER, self.setting.source.node.moment)
        nodes = self.setting.source.node, self.setting.destination.node
        for node in nodes:
            node.give(f"0x{address.hex()}", COIN)
        document = {
            "format": "ringfence.posting/1",
            "trust": str(self.setting.sandbox.trust),
            "appointments": str(self.folder / "appointments"),
            "keys": str(party.keys.path),
            "parts": str(self.folder / "parts"),
            "registry": self.registry,
            "chains": [describe_access(node) for node in nodes],
            "boards": boards,
        }
        self.settings[party.folder.name] = self.folder / f"{party.folder.name}.json"
        self.settings[party.folder.name].write_text(json.dumps(document))

    @property
    def registry(self) -> dict[str, str]:
        way = read_client_settings(None, self.setting.sandbox.client_settings("reader"), None).connection
        return {name: str(getattr(way, name)) for name in ("address", "authorities", "certificate", "key")}

    def run(self, party: Party) -> tuple[int, list[dict[str, Any]]]:
        """The command, once; its exit and its lines."""
        passphrase = ("--passphrase-file", str(party.passphrase_file))
        arguments = ("post-roots", "--settings", str(self.settings[party.folder.name]), "--once", "--json", *passphrase)
        done = subprocess.run(  # noqa: S603
            [*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.stderr == ""
        return done.returncode, list(map(json.loads, done.stdout.splitlines()))

    @property
    def published(self) -> PublishedRoots:
        """What the registry says, as anybody reads it."""
        return self.story.reader.ask(Registry().roots())


def board(contract: Deployed, kind: str, *, own_chain: bool = False) -> dict[str, object]:
    return {
        "chain_id": contract.node.chain_id,
        "contract": contract.spelling,
        "kinds": [kind],
        "own_chain": own_chain,
        "spacing_seconds": HOUR if kind == "lock" else 0,  # watchers sign every block, and each post is paid for
    }


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    folder = tmp_path_factory.mktemp("posting")
    setting_up = open_setting(folder / "trial", store="", progress=print, round_age_seconds=HOUR)
    with setting_up as setting, begin_story(setting) as story:
        made, sandbox = Members(setting, story, folder), setting.sandbox
        scopes = ORACLE_SCOPE, VENUE_SCOPE, name_chain(SOURCE_CHAIN)
        committees = [committee_of(sandbox, scope) for scope in scopes]
        (folder / "appointments").mkdir()
        for number, fact in enumerate(appoint_everybody(sandbox, governance_of(sandbox), committees)):
            (folder / "appointments" / f"{number}.fact").write_bytes(fact)
        gate = setting.destination.proof_gate
        for watcher in sandbox.watchers:
            made.appoint(watcher, [board(setting.source.escrow, "lock", own_chain=True), board(gate, "lock")])
        for oracle in sandbox.oracle:
            made.appoint(oracle, [board(gate, "market")])
        made.appoint(sandbox.venue, [board(gate, "book")])
        story.commit("alice")
        story.deposit("alice", sandbox.terms.domain)
        setting.source.node.finalise()
        story.follow_watchers(setting.source.node.final)
        story.venue.publish()
        yield made


def find_root(locks: PublishedRoot) -> int:
    """What the watchers of the one chain have signed."""
    return decode_signed(locks.facts[0], LockRoot).statement.root


def steps(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(each["step"], each["kind"]) for each in lines]


def test_two_of_three_watchers_put_the_locks_on_the_escrow_and_the_gate(members: Members) -> None:
    first, second, third = members.setting.sandbox.watchers
    locks = members.published.locks
    assert locks is not None
    code, lines = members.run(first)
    assert (code, steps(lines)) == (1, [("signed", "lock")] * 2), "one signature is not enough"
    code, lines = members.run(second)
    assert (code, sorted(steps(lines))) == (0, [("posted", "lock")] * 2 + [("signed", "lock")] * 2)
    escrow, gate = members.setting.source.escrow, members.setting.destination.proof_gate
    own = combine_chain_roots({0: find_root(locks)})
    assert escrow.ask("momentOf", int(RootKind.LOCK), own) == locks.observed_at
    assert gate.ask("momentOf", int(RootKind.LOCK), locks.root) == locks.observed_at
    assert members.run(third) == (0, []), "what stands there is neither signed nor paid for again"


def test_oracle_and_venue_put_theirs_on_the_gate_with_the_age_of_their_facts(members: Members) -> None:
    members.story.venue.publish()
    published = members.published
    sandbox, gate = members.setting.sandbox, members.setting.destination.proof_gate
    assert members.run(sandbox.oracle[0])[0] == 1
    assert members.run(sandbox.oracle[2])[0] == 0
    assert members.run(sandbox.venue)[0] == 0
    for kind, root in ((RootKind.MARKET, published.market), (RootKind.BOOK, published.book)):
        assert root is not None
        assert gate.ask("momentOf", int(kind), root.root) == root.observed_at


def test_a_poster_that_runs_shows_what_stands_and_says_how_it_is(members: Members) -> None:
    sandbox, gate, address = members.setting.sandbox, members.setting.destination.proof_gate, find_address()
    oracle, path = sandbox.oracle[0], members.settings[sandbox.oracle[0].folder.name]
    document = json.loads(path.read_text())
    shown = {"status": str(members.folder / "status.json"), "metrics": address, "every_seconds": 1}
    path.write_text(json.dumps(document | shown))
    place = f'chain_id="{gate.node.chain_id}",contract="{gate.spelling}",kind="market"'
    with ExitStack() as stack:
        poster, _ = (
            stack.enter_context(run_program(members.folder, f"poster-{each.folder.name}", arguments_of(members, each)))
            for each in (oracle, sandbox.oracle[2])
        )
        before = read_until(address, f"ringfence_board_moment{{{place}}}")
        members.story.venue.publish()
        market = members.published.market
        assert market is not None
        moment = floatToGoString(market.observed_at)  # type: ignore[no-untyped-call] # of a package without types
        stands = f"ringfence_board_moment{{{place}}} {moment}"
        poster.wait_until_it_says(f'"moment": {market.observed_at}')
        read_until(address, stands)
        page = read_until(address, 'ringfence_relay_waiting{cargo="root"} 0.0')
        assert run(["post-roots", "--settings", str(path), "--check"]) == 0
    assert stands not in before
    assert {
        stands,
        'ringfence_relayed_total{cargo="root",step="refused"} 0.0',
        f'ringfence_node_faults_total{{chain_id="{gate.node.chain_id}",endpoint="endpoints[0]",fault="refused"}} 0.0',
        "ringfence_look_alarms_total 0.0",
    } <= page
    assert any(line.startswith(f'ringfence_node_behind_seconds{{chain_id="{gate.node.chain_id}"') for line in page)
    assert gate.node.url not in "\n".join(page)
    said = json.loads((members.folder / "status.json").read_text())
    assert [(each["kind"], each["moment"]) for each in said["boards"]] == [("market", market.observed_at)]


def arguments_of(members: Members, party: Party) -> tuple[str | Path, ...]:
    settings = members.settings[party.folder.name]
    return "post-roots", "--settings", settings, "--json", "--passphrase-file", party.passphrase_file


def read_until(address: str, beginning: str) -> set[str]:
    """The lines of a page of metrics, once one of them begins so."""
    deadline = time.monotonic() + SECONDS
    while True:
        with suppress(URLError), urllib.request.urlopen(f"http://{address}/metrics") as page:
            lines = set(page.read().decode().splitlines())
            if any(line.startswith(beginning) for line in lines):
                return lines
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_attack_whoever_is_no_member_posts_nothing(members: Members) -> None:
    members.story.venue.publish()
    sandbox, gate = members.setting.sandbox, members.setting.destination.proof_gate
    stranger = sandbox.oracle[1]
    members.settings[stranger.folder.name].write_text(
        members.settings[stranger.folder.name].read_text().replace('"market"', '"book"')
    )
    code, lines = members.run(stranger)
    assert (code, steps(lines)) == (1, [("signed", "book")])
    published = members.published.book
    assert published is not None
    assert gate.ask("momentOf", int(RootKind.BOOK), published.root) != published.observed_at
