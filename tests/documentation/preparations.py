"""Where pages for operators begin: at a machine, or a bridge, that other pages have put there."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from tests.documentation.pages import Command
from tests.documentation.terminal import Terminal

HOUR: Final = 3600
PROVER: Final = (
    "ringfence sandbox trial",
    "mkdir -p /run/credentials/ringfence /var/lib/ringfence",
    "install -d -m 700 /run/ringfence",
    "cp trial/trader/passphrase /run/credentials/ringfence",
    "cp trial/trader/wallet /var/lib/ringfence",
    "cp -r trial/facts /var/lib/ringfence",
)
"""A wallet, and facts that were published: docs/prover.md is about what serves them."""
SETTINGS: Final = (
    "ringfence sandbox trial",
    "mkdir -p /etc/ringfence-verifier /var/lib/ringfence-verifier",
    "cp trial/verifier.toml /etc/ringfence-verifier",
)
"""What docs/operations/deploying.md has installed as root."""
VERIFIER: Final = (
    *SETTINGS,
    "cp -rT trial/verifier /var/lib/ringfence-verifier",
    "mkdir -p /srv/ringfence-witness /srv/copies",
    "ringfence verifier serve --config trial/verifier.toml",
    "ringfence log witness /srv/ringfence-witness/witness --config trial/clients/reader.toml",
)
"""A verifier that has served, with its store, keys and witness where deploying.md has them."""
TYPED_BEFORE: Final = {
    "docs/operations/backup.md": VERIFIER,
    "docs/operations/deploying.md": SETTINGS,
    "docs/operations/upgrade.md": VERIFIER,
    "docs/prover.md": PROVER,
}
"""What is typed before a page is."""
ON_A_BRIDGE: Final = {"docs/bridge/running.md", "docs/relaying.md", "docs/watchers.md"}
"""Pages that begin beside contracts on chains, with committees that are appointed, as ``demo --chains`` has them."""


@contextmanager
def prepared(page: str, terminal: Terminal, folder: Path) -> Iterator[None]:
    """What is there before the first line of a page."""
    for line in TYPED_BEFORE.get(page, ()):
        terminal.type(Command(line, ""))
    if page not in ON_A_BRIDGE:
        yield
        return
    with beside_a_bridge(folder):
        try:
            yield
        finally:
            terminal.close()


@contextmanager
def beside_a_bridge(folder: Path) -> Iterator[None]:
    """Two chains, their contracts and everybody else who takes part, and the documents of one who joins them here."""
    from facts.key_file import Role  # noqa: PLC0415 - web3 is asked for where a page needs it
    from facts.lock_root import name_chain  # noqa: PLC0415
    from ringfence.cli.bridging.documents import (  # noqa: PLC0415
        describe_access,
        render_observe,
        render_relay,
        render_watch,
    )
    from ringfence.cli.bridging.programs import find_address  # noqa: PLC0415
    from ringfence.cli.bridging.setting import COIN, SOURCE_CHAIN, open_setting  # noqa: PLC0415
    from ringfence.cli.bridging.story import begin_story  # noqa: PLC0415
    from ringfence.cli.connection import read_client_settings  # noqa: PLC0415
    from ringfence.cli.sandbox.making import appoint_everybody, governance_of  # noqa: PLC0415
    from ringfence.cli.sandbox.places import ORACLE_SCOPE, VENUE_SCOPE  # noqa: PLC0415
    from ringfence.cli.sandbox.publishing import committee_of  # noqa: PLC0415

    setting_up = open_setting(folder / "bridge", store="", progress=print, round_age_seconds=HOUR)
    with setting_up as setting, begin_story(setting) as story:
        sandbox, escrow, nodes = setting.sandbox, setting.source.escrow, (setting.source.node, setting.destination.node)
        story.commit("alice")
        story.deposit("alice", sandbox.terms.domain)
        nodes[0].finalise()
        story.follow_watchers(nodes[0].final)
        story.venue.publish()
        me, other = sandbox.watchers[:2]
        (folder / "appointments").mkdir()
        scopes = (ORACLE_SCOPE, VENUE_SCOPE, name_chain(SOURCE_CHAIN))
        committees = [committee_of(sandbox, scope) for scope in scopes]
        for number, fact in enumerate(appoint_everybody(sandbox, governance_of(sandbox), committees)):
            (folder / "appointments" / f"{number}.fact").write_bytes(fact)
        way = read_client_settings(None, sandbox.client_settings("reader"), None).connection
        for party in (me, other):
            address = party.create_chain_key(Role.SENDER, nodes[0].moment)
            for node in nodes:
                node.give(f"0x{address.hex()}", COIN)
        board = {"chain_id": nodes[0].chain_id, "contract": escrow.spelling, "kinds": ["lock"]}
        posting = {
            "format": "ringfence.posting/1",
            "trust": str(sandbox.trust),
            "appointments": "appointments",
            "parts": "parts",
            "registry": {name: str(getattr(way, name)) for name in ("address", "authorities", "certificate", "key")},
            "chains": [describe_access(node) for node in nodes],
            "boards": [{**board, "own_chain": True, "spacing_seconds": HOUR}],
        }
        relay = json.loads(render_relay(sandbox, way.address, me, nodes[1], escrow))
        venue = setting.destination.recipient, setting.source.venue
        observing = json.loads(render_observe(me, setting.destination.proof_gate, folder / "shared" / "parts", venue))
        shown = [{"metrics": find_address()} for _ in range(4)]
        documents = {
            "observe": {**observing, "state": "observe-1", "keys": "keys", "passphrase_file": "passphrase", **shown[0]},
            "watchers": json.loads(sandbox.committee(name_chain(SOURCE_CHAIN)).read_bytes()),
            "watch": {**json.loads(render_watch(sandbox, me, escrow)), "state": "watch-1", **shown[1]},
            "relay": {**relay, "state": "relay-state.json", "keys": "keys", "status": "relay-status.json", **shown[2]},
            "post": {**posting, "keys": "keys", "status": "post-status.json", **shown[3]},
            "other": {**posting, "keys": str(other.keys.path)},
        }
        for name, document in documents.items():
            (folder / f"{name}.toml").write_text(render_toml(document), encoding="utf-8")
        shutil.copy(folder / "post.toml", folder / "posting.toml")
        shutil.copy(me.passphrase_file, folder / "passphrase")
        for name in ("keys", "relay-keys", "member-keys"):
            shutil.copytree(me.keys.path, folder / name)
        secret = ("--passphrase-file", str(other.passphrase_file))
        said = run(["post-roots", "--settings", "other.toml", "--once", *secret])
        assert said == ExitCode.NO, "one signature is not enough"
        yield


def render_toml(document: Mapping[str, object]) -> str:
    """A document as pages have it."""
    return "".join(f"{name} = {render_value(value)}\n" for name, value in document.items())


def render_value(value: object) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {render_value(each)}" for name, each in value.items()) + "}"
    return f"[{', '.join(map(render_value, value))}]" if isinstance(value, list) else json.dumps(value)
