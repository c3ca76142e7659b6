"""Mistakes for which a verifier, a node of a chain, a proof or a process of its own has to be there."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from facts.committee import Committee, Member, build_committee
from facts.committee_document import describe_committee
from facts.context import Binding
from facts.key_set import KeyFolder
from facts.signed import Purpose
from snark.groth16.formats.verification_key import format_verifying_key
from tests.chains.scripted_chain import CHAIN_ID, ESCROW, ScriptedChain, node_of
from tests.ringfence.cli.mistakes import GIVEN, LONG, Mistake, Told, listening, run_here
from tests.ringfence.cli.test_collateral_commands import write_anchor, write_claim
from tests.ringfence.cli.trial import COMMAND
from tests.ringfence.client.calling import settings_of
from tests.verifier.claims import Watch
from tests.verifier.running import PERP, READER, TRADER, Running, Trial

LONG_AFTER = 2 * 3600


@contextmanager
def serving(folder: Path) -> Iterator[Running]:
    """A verifier with claims to it, callers with certificates, and authorities that are not its own."""
    inner = folder / "verifier"
    inner.mkdir()
    with Trial(inner, Watch(), str(inner / "store.db")).serving() as running:
        write_anchor(running, folder / "anchor.toml")
        write_anchor(running, folder / "anchor-of-another.toml", verifier="desk-2")
        for caller in (TRADER, READER):
            settings = settings_of(running, caller)
            lines = ["[connection]", f'address = "{settings.address}"', "attempts = 1"]
            lines += [f'{name} = "{getattr(settings, name)}"' for name in ("authorities", "certificate", "key")]
            lines += ["[trust]", f'anchor = "{folder / "anchor.toml"}"']
            (folder / f"{caller.partition('.')[0]}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_claim(running.claim(3001, tag=3001), folder / "claim")
        write_claim(running.claim(3001, tag=9), folder / "second-claim")
        other = folder / "claim-of-another-circuit"
        write_claim(running.claim(3002, tag=3002), other)
        (other / "verification_key.json").write_text(format_verifying_key(PERP[2].key), encoding="utf-8")
        yield running


def watch_document(folder: Path, url: str, state: str, chain_id: int = CHAIN_ID) -> str:
    """What a watcher is told."""
    key = next(key for key in KeyFolder(folder / "keys").read().keys if key.name == "mine")
    write_watchers(folder, key.public_key)
    (folder / "connection.toml").write_text("[connection]\nplaintext = true\n", encoding="utf-8")
    return f"""format = "ringfence.watch/1"
escrow = "0x{ESCROW.hex()}"
from_block = 1
every_blocks = 32
look_seconds = 1
state = "{state}"
committee = "watchers.json"
keys = "keys"
passphrase_file = "passphrase"
connection = "connection.toml"

[chain]
chain_id = {chain_id}
endpoints = ["{url}"]
limits = {{ seconds = 60, attempts = 1 }}
"""


def write_watchers(folder: Path, public_key: bytes) -> None:
    """A committee with one member."""
    members = [Member(public_key, 1, 2**32)]
    scope = f"chain:{CHAIN_ID}"
    made: Committee = build_committee(
        Purpose.WATCHERS, scope, members, threshold=1, quorum=1, active_from=1, after=None
    )
    (folder / "watchers.json").write_text(json.dumps(describe_committee(made)), encoding="utf-8")


@contextmanager
def no_node(folder: Path) -> Iterator[Mapping[str, str]]:
    """Nobody answers for the chain."""
    (folder / "watch.toml").write_text(watch_document(folder, "http://127.0.0.1:1", "of-nobody"), encoding="utf-8")
    yield {}


@contextmanager
def another_chain(folder: Path) -> Iterator[Mapping[str, str]]:
    """The node is one of another chain."""
    with node_of(ScriptedChain().answer) as url:
        (folder / "watch.toml").write_text(watch_document(folder, url, "of-another", CHAIN_ID + 1), encoding="utf-8")
        yield {"port": url.rpartition(":")[2].strip("/")}


@contextmanager
def no_contract(folder: Path) -> Iterator[Mapping[str, str]]:
    """At the address of the escrow there is nothing."""
    chain = ScriptedChain()

    def answer(method: str, params: list[object]) -> object:
        return "0x" if method == "eth_call" else chain.answer(method, params)

    with node_of(answer) as url:
        (folder / "watch.toml").write_text(watch_document(folder, url, "of-nothing"), encoding="utf-8")
        yield {"port": url.rpartition(":")[2].strip("/")}


def run_alone(folder: Path, words: Sequence[str]) -> Told:
    """A command in a process of its own, with its output where it is sent to."""
    place = list(words).index(">")
    with Path(words[place + 1]).open("wb") as output:
        arguments = [*COMMAND, *words[:place]]
        done = subprocess.run(arguments, cwd=folder, stdout=output, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    return Told(done.returncode, "", done.stderr)


TRUST = "ringfence trust --config trader.toml"
WATCH = "ringfence watch-chain --settings watch.toml --once"
ACCEPT = "ringfence accept claim --demand claim/demand.toml --config trader.toml"

SERVED: Mapping[str, Sequence[Mistake]] = {
    "A verifier that serves": [
        Mistake("Plaintext to a server with TLS", f"{TRUST} --set connection.plaintext=true", 2, "UNAVAILABLE"),
        Mistake(
            "The authorities of another server",
            f"{TRUST} --set connection.authorities=other/authority.pem",
            2,
            "UNAVAILABLE",
        ),
        Mistake(
            "A certificate of another authority",
            f"{TRUST} --set connection.certificate=other/trader.pem --set connection.key=other/trader.key",
            2,
            "UNAVAILABLE",
        ),
        Mistake("A certificate without its key", f"{TRUST} --set connection.key=other/trader.key", 2, "NOT_A_KEY"),
        Mistake(
            "The anchor of another verifier",
            f"{TRUST} --set trust.anchor=anchor-of-another.toml",
            1,
            "CONFLICTING_FIELDS",
        ),
        Mistake(
            "A caller without the role",
            "ringfence accept claim --demand claim/demand.toml --config reader.toml",
            1,
            "NOT_ALLOWED",
        ),
        Mistake(
            "A console at a port that is taken",
            "ringfence console --config trader.toml --listen 127.0.0.1:{port}",
            2,
            "OUT_OF_BOUNDS",
            listening,
        ),
        Mistake(
            "An acceptance that there is not", f"ringfence acceptances {'11' * 32} --config trader.toml", 1, "NOT_FOUND"
        ),
        Mistake(
            "A proof of another circuit",
            "ringfence accept claim-of-another-circuit --demand claim/demand.toml --config trader.toml",
            1,
            "V10_INPUT_COUNT",
        ),
        Mistake(
            "A lock that was used before",
            "ringfence accept second-claim --demand second-claim/demand.toml --config trader.toml",
            1,
            "NULLIFIER_SPENT",
        ),
    ],
}

LATE: Mapping[str, Sequence[Mistake]] = {
    "A round whose time is over": [
        Mistake("A proof against old prices", ACCEPT, 1, "TOO_OLD"),
    ],
}

CHAINS: Mapping[str, Sequence[Mistake]] = {
    "A watcher's chain": [
        Mistake("No settings of a watcher", "ringfence watch-chain --settings watching.toml", 3, "NOT_READABLE"),
        Mistake("A document of another kind", "ringfence relay --settings relay.toml", 3, "NOT_A_CHOICE"),
        Mistake("No node where the settings say", WATCH, 4, "CHAIN_UNAVAILABLE", no_node),
        Mistake("A node of another chain", WATCH, 1, "WRONG_CONTEXT", another_chain),
        Mistake("No escrow at its address", WATCH, 2, "WRONG_CONTEXT", no_contract),
    ],
}

ALONE: Mapping[str, Sequence[Mistake]] = {
    "Processes": [
        Mistake("Output to a full disk", "ringfence policy list > /dev/full", 2, "FILE", runs=run_alone),
        Mistake("JSON to a full disk", "ringfence policy list --json > /dev/full", 2, "FILE", runs=run_alone),
    ],
}

PROVED: Mapping[str, Sequence[Mistake]] = {
    "Proofs of one's own": [
        Mistake(
            "A proof of a position under water",
            f"ringfence prove perp --input sunk.json --facts sunk-facts --development {GIVEN}",
            1,
            "W30_RULE_BROKEN",
        ),
        Mistake("A key for development, not asked for", "ringfence verify", 1, "V24_DEVELOPMENT_KEY"),
        Mistake(
            "A proof for another verifier", "ringfence verify --development --demand elsewhere.toml", 1, "WRONG_CONTEXT"
        ),
        Mistake(
            "A stale proof: the book has moved on",
            "ringfence verify --development --facts newer-facts",
            1,
            "WRONG_ROOT",
        ),
        Mistake(
            "A demand whose time is over", "ringfence verify late --development --demand expired.toml", 1, "EXPIRED"
        ),
        Mistake(
            "The circuit of another statement",
            f"ringfence prove defined_risk --input examples/long-btc.json --development {GIVEN}",
            2,
            "NOT_APPLICABLE",
        ),
        Mistake(
            "A port in use",
            "ringfence prover serve --set listen.address=127.0.0.1:{port} --set listen.plaintext=true "
            "--set wallet.passphrase_file=passphrase --set proving.development=perp-k0",
            2,
            "OUT_OF_BOUNDS",
            listening,
        ),
    ],
}


def furnish_proof(folder: Path, cache: Path) -> None:
    """A proof in its folder, one that is late, a position that has sunk since, other facts and other demands."""
    sunk = {**LONG, "label": "sunk", "prices": {"mark": "50000"}}
    (folder / "sunk.json").write_text(json.dumps(sunk), encoding="utf-8")
    demand = (folder / "ringfence-facts" / "demand.toml").read_text(encoding="utf-8").splitlines()
    for name, field, value in (("expired", "expires", "2020-01-01T00:00:00Z"), ("elsewhere", "verifier", "desk-9")):
        changed = [f'{field} = "{value}"' if line.startswith(f"{field} =") else line for line in demand]
        (folder / f"{name}.toml").write_text("\n".join(changed) + "\n", encoding="utf-8")
    with patch.dict(os.environ, RINGFENCE_CACHE=str(cache)):
        for command in (
            f"commit sunk.json --facts sunk-facts {GIVEN}",
            f"commit examples/short-inverse.json --facts newer-facts {GIVEN}",
            f"prove perp --input examples/long-btc.json --development {GIVEN}",
            f"prove perp --input examples/long-btc.json --development {GIVEN} --demand expired.toml -o late",
        ):
            with patch.object(Binding, "require_time_left"):  # it was not over then
                told = run_here(folder, shlex.split(command))
            assert told.code == 0, told.err
