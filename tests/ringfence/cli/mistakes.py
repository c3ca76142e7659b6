"""Mistakes that newcomers make, as commands in a folder of theirs, and how they are tried."""

import json
import os
import re
import shlex
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from facts.committee_document import render_moment
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.sealed_file import Cost
from ringfence.cli.entry import run
from tests.packaging.sources import REPOSITORY

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of keys made for a test
NOBODY = 65534
MOMENT = 1_800_000_000
SHOWN = {"port": "50051", "key": "64" * 32}
"""What stands on the page for what is another every time."""
SECONDS = re.compile(r"\b\d{10}\b")
INSTANT = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KIND = re.compile(r"(rejected|misuse|malformed|internal|unreachable) \S.*: \S+$")
ELEMENT = re.compile(r"\b\d{70,78}\b")
DAY = 86_400

Run = Callable[[Path, Sequence[str]], "Told"]
Around = Callable[[Path], AbstractContextManager[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    def lines(self) -> list[str]:
        """The refusal, without progress and warnings that come before it; the one line that matters of a table."""
        said = [line.rstrip() for line in self.err.splitlines()]
        start = next((place for place, line in enumerate(said) if KIND.match(line)), None)
        return said[start:] if start is not None else [line for line in self.out.splitlines() if "below the" in line]


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Commands run there, with wallets that cost little."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with patch("prover.wallet.DEFAULT_COST", CHEAP):
            yield
    finally:
        os.chdir(before)


def run_words(words: Sequence[str]) -> Told:
    """A command in this process, as somebody without a terminal runs it."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", StringIO()):
        code = run(list(words))
    return Told(code, out.getvalue(), err.getvalue())


def run_here(folder: Path, words: Sequence[str]) -> Told:
    """A command in a folder."""
    with working_in(folder):
        return run_words(words)


def run_as_nobody(folder: Path, words: Sequence[str]) -> Told:
    """A command in a folder, not as root, who may write everywhere."""
    import_module("ringfence.cli.commands.groth16")
    folder.chmod(0o755)
    with working_in(folder):
        if os.geteuid():
            return run_words(words)
        os.seteuid(NOBODY)
        try:
            return run_words(words)
        finally:
            os.seteuid(0)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that somebody new would do: a command in a folder, and how it has to end."""

    what: str
    command: str
    code: int
    reason: str
    around: Around = lambda _: nullcontext({})
    """What is so while the command runs; it gives the words that stand for names in the command."""
    runs: Run = run_here


def try_mistake(mistake: Mistake, folder: Path, *more: str) -> Told:
    """What somebody is told who makes it; ports, which are others every time, as everybody's."""
    with mistake.around(folder) as names:
        told = mistake.runs(folder, [*shlex.split(mistake.command.format_map(names))[1:], *more])

    def generalise(text: str) -> str:
        for name, said in names.items():
            text = text.replace(said, SHOWN[name])
        text = SECONDS.sub(generalise_moment, INSTANT.sub(generalise_instant, text.replace(f"{folder}/", "")))
        return ELEMENT.sub("(a root)", text)

    return Told(told.code, generalise(told.out), generalise(told.err))


def generalise_moment(found: re.Match[str]) -> str:
    """Now is another moment every time."""
    return str(MOMENT) if abs(int(found.group()) - time.time()) < DAY else found.group()


def generalise_instant(found: re.Match[str]) -> str:
    """The same of a moment that is written for a person."""
    is_now = abs(datetime.fromisoformat(found.group()).timestamp() - time.time()) < DAY
    return render_moment(MOMENT) if is_now else found.group()


# --- A newcomer's folder ---------------------------------------------------------------------------------

LONG = {
    "policy": "binance-usdm",
    "market": "BTCUSDT",
    "position": {"side": "long", "size": "1", "entry_price": "60000", "leverage": "10"},
    "prices": {"mark": "59000"},
}


def change(**position: object) -> str:
    """The long of the examples with something else in its position."""
    return json.dumps({**LONG, "position": {**LONG["position"], **position}})  # type: ignore[dict-item]


def written() -> dict[str, bytes]:
    """Files of a newcomer, each with its flaw."""
    long = json.dumps(LONG)
    texts = {
        "number.json": change(size=1.5),
        "typo.json": change().replace("entry_price", "entry_prise"),
        "missing.json": long.replace('"side": "long", ', ""),
        "market.json": long.replace("BTCUSDT", "BTCUSD"),
        "policy.json": long.replace("binance-usdm", "binance-usd"),
        "side.json": change(side="lng"),
        "negative.json": change(size="-1"),
        "exponent.json": change(size="1e3"),
        "rate.json": json.dumps(
            {**LONG, "market": {"kind": "linear", "basis": "mark", "tiers": [{"maintenance": "101%"}]}}
        ),
        "water.json": long.replace("59000", "50000"),
        "twice.json": long.replace('"size": "1"', '"size": "1", "size": "2"'),
        "cut.json": long[:-20],
        "list.json": f"[{long}]",
        "empty.json": "",
        "typo.toml": "market = BTCUSDT\n",
        "policy.toml": 'name = "mine"\nmarkets = 5\n',
        "column.csv": "label,policy,market,price\na,binance-usdm,BTCUSDT,1\n",
        "row.csv": "label,policy,market,mark,side,size,entry_price,cash\n"
        "a,binance-usdm,BTCUSDT,59000,long,1,60000,6000\nb,binance-usdm,BTCUSDT,59000,long,one,60000,6000\n",
        "open-passphrase": PASSPHRASE,
        "comment.json": f"// my long\n{long}",
        "semicolons.csv": "label;policy;market;mark\na;binance-usdm;BTCUSDT;1\n",
        "prover.toml": "[listen]\naddress = '127.0.0.1:50051'\n",
        "relay.toml": 'format = "ringfence.rely/1"\n',
        "server.toml": "[listen]\nadress = '127.0.0.1:50051'\n",
    }
    contents = {name: text.encode() for name, text in texts.items()}
    contents["latin.toml"] = 'label = "é"\n'.encode("latin-1")
    contents["utf16.toml"] = 'label = "mine"\n'.encode("utf-16")
    contents["huge.json"] = b" " * (1 << 20) + b"{}"
    return contents


def furnish(folder: Path) -> None:
    """The examples, files with flaws, keys, and a wallet with one position."""
    shutil.copytree(REPOSITORY / "examples", folder / "examples")
    for name, content in written().items():
        (folder / name).write_bytes(content)
    for name, text in {"passphrase": PASSPHRASE, "wrong-passphrase": "another"}.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(f"{text}\n")
    (folder / "open-passphrase").chmod(0o644)
    demand = (folder / "examples" / "proving" / "demand.toml").read_text()
    (folder / "old-demand.toml").write_text(demand.replace("2100-01-01", "2020-01-01"))
    keys = KeyFolder(folder / "keys")
    keys.create("mine", Role.MEMBER, Algorithm.ED25519, PASSPHRASE, moment=MOMENT, cost=CHEAP)
    keys.create("log", Role.LOG, Algorithm.ED25519, PASSPHRASE, moment=MOMENT, cost=CHEAP)
    (folder / "locked").mkdir(mode=0o555)
    (folder / "full.csv").symlink_to("/dev/full")
    committee = (folder / "examples" / "registry" / "oracle.toml").read_text()
    (folder / "committee.toml").write_text(committee.replace('"oracle"', '"venue"'))
    alter_proof(folder)
    told = run_here(
        folder, shlex.split("solvency generate --accounts 12 --out accounts.csv --no-debts --batch 4 --seed 3")
    )
    assert told.code == 0, told.err
    with (folder / "accounts.csv").open("a") as accounts:
        accounts.write("u-x,balance,DOGE,1,,,,,\n")
    for name in ("other.wallet", "ringfence.wallet"):
        position = "short-inverse" if name == "other.wallet" else "long-btc"
        told = run_here(
            folder,
            ["commit", f"examples/{position}.json", "--wallet", name, "--passphrase-file", "passphrase"],
        )
        assert told.code == 0, told.err


def alter_proof(folder: Path) -> None:
    """Public inputs of another run, a key of another circuit, and an attestation with a lock more."""
    place = folder / "examples" / "groth16"
    inputs = json.loads((place / "public.json").read_text())
    (folder / "other-public.json").write_text(json.dumps([str(int(inputs[0]) + 1), *inputs[1:]]))
    (folder / "more-public.json").write_text(json.dumps([*inputs, "1"]))
    attestation = json.loads((folder / "examples" / "attestation" / "attestation.json").read_text())
    attestation["ed25519_signature"] = attestation["ed25519_signature"][:-2] + "00"
    (folder / "altered.json").write_text(json.dumps(attestation))
    anchor = (folder / "examples" / "attestation" / "anchor.toml").read_text()
    (folder / "other-anchor.toml").write_text(
        re.sub(r"^verifier = .*$", 'verifier = "desk-2"', anchor, flags=re.MULTILINE)
    )


@contextmanager
def listening(_: Path) -> Iterator[Mapping[str, str]]:
    """Something else has the port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield {"port": str(other.getsockname()[1])}


@contextmanager
def with_key(folder: Path) -> Iterator[Mapping[str, str]]:
    """A key that was drawn for this folder."""
    yield {"key": next(key.public_key.hex() for key in KeyFolder(folder / "keys").read().keys if key.name == "mine")}


@contextmanager
def without_path(folder: Path) -> Iterator[Mapping[str, str]]:
    """No program is found."""
    with patch.dict(os.environ, PATH=str(folder)):
        yield {}


EVALUATE = "ringfence margin evaluate"
PROVE = "ringfence prove perp --input examples/long-btc.json"
GIVEN = "--passphrase-file passphrase"
VERIFY = "ringfence groth16 verify --vkey examples/groth16/verification_key.json"
PROOF = "--proof examples/groth16/proof.json"
CHECK = "ringfence attestation check"
BOOK = "ringfence registry sign book ringfence-facts --sequence 1 --committee committee.toml -o book.fact"
OPEN = "--set listen.address=0.0.0.0:50051 --set listen.plaintext=true"
NOWHERE = "--server 127.0.0.1:1 --set connection.plaintext=true --set connection.attempts=1"
OTHERS = "--public examples/groth16/proof.json --proof examples/groth16/public.json"
PRODUCT = "examples/circuit/product"
AT = "--at 2027-01-15T08:00:30Z"
SIGNED = "examples/attestation/attestation.json"
ANCHOR = "--anchor examples/attestation/anchor.toml"

QUICK: Mapping[str, Sequence[Mistake]] = {
    "The command line": [
        Mistake("A command with a typo", "ringfence margn evaluate examples/long-btc.json", 2, "USAGE"),
        Mistake("A command of a group with a typo", "ringfence margin evalute examples/long-btc.json", 2, "USAGE"),
        Mistake("No file", EVALUATE, 2, "USAGE"),
        Mistake("An option with a typo", f"{EVALUATE} examples/long-btc.json --requre initial", 2, "USAGE"),
        Mistake("A word that the option does not take", f"{EVALUATE} examples/long-btc.json --require all", 2, "USAGE"),
        Mistake("A word where a number belongs", f"{PROVE} --development --threads four", 2, "USAGE"),
    ],
    "Files": [
        Mistake("A file that is not there", f"{EVALUATE} long-btc.json", 3, "NOT_READABLE"),
        Mistake("A folder instead of a file", f"{EVALUATE} examples", 3, "NOT_READABLE"),
        Mistake("An empty file", f"{EVALUATE} empty.json", 3, "NOT_READABLE"),
        Mistake("A file that is cut short", f"{EVALUATE} cut.json", 3, "NOT_READABLE"),
        Mistake("A file that is not UTF-8", f"{EVALUATE} latin.toml", 3, "NOT_READABLE"),
        Mistake("A file in UTF-16", f"{EVALUATE} utf16.toml", 3, "NOT_READABLE"),
        Mistake("A huge file", f"{EVALUATE} huge.json", 3, "OUT_OF_BOUNDS"),
        Mistake("JSON with a comment", f"{EVALUATE} comment.json", 3, "NOT_READABLE"),
        Mistake("TOML without quotes", f"{EVALUATE} typo.toml", 3, "NOT_READABLE"),
        Mistake("A table without a column", f"{EVALUATE} column.csv", 3, "UNKNOWN_FIELD"),
        Mistake("A table with semicolons", f"{EVALUATE} semicolons.csv", 3, "UNKNOWN_FIELD"),
        Mistake("A position instead of a policy", "ringfence policy check examples/long-btc.json", 3, "MISSING_FIELD"),
        Mistake(
            "A chart in a folder that is not there",
            "ringfence margin plot examples/long-btc.json -o charts/long-btc.svg",
            2,
            "NOT_READABLE",
        ),
        Mistake(
            "A chart with another ending",
            "ringfence margin plot examples/long-btc.json -o chart.doc",
            2,
            "NOT_A_CHOICE",
        ),
        Mistake(
            "A folder that may not be written to",
            "ringfence groth16 export-vkey --zkey examples/circuit/product.zkey --vkey locked/key.json",
            2,
            "FILE",
            runs=run_as_nobody,
        ),
        Mistake(
            "A full disk",
            "ringfence margin evaluate examples/positions.csv -o full.csv",
            2,
            "FILE",
        ),
    ],
    "Positions and policies": [
        Mistake("A number instead of a string", f"{EVALUATE} number.json", 3, "NOT_A_DECIMAL"),
        Mistake("A number with an exponent", f"{EVALUATE} exponent.json", 3, "NOT_A_DECIMAL"),
        Mistake("A field with a typo", f"{EVALUATE} typo.json", 3, "MISSING_FIELD"),
        Mistake("A field that is left out", f"{EVALUATE} missing.json", 3, "MISSING_FIELD"),
        Mistake("A field twice", f"{EVALUATE} twice.json", 3, "DUPLICATE_FIELD"),
        Mistake("A list instead of an object", f"{EVALUATE} list.json", 3, "NOT_AN_OBJECT"),
        Mistake("A side with a typo", f"{EVALUATE} side.json", 3, "NOT_A_CHOICE"),
        Mistake("A market with a typo", f"{EVALUATE} market.json", 2, "UNKNOWN_MARKET"),
        Mistake("A policy with a typo", f"{EVALUATE} policy.json", 2, "UNKNOWN_POLICY"),
        Mistake("A policy without its version", "ringfence policy check policy.toml", 3, "MISSING_FIELD"),
        Mistake("A negative size", f"{EVALUATE} negative.json", 3, "OUT_OF_BOUNDS"),
        Mistake("A rate above one", f"{EVALUATE} rate.json", 3, "OUT_OF_BOUNDS"),
        Mistake("A position under water", f"{EVALUATE} water.json", 1, "below the maintenance requirement"),
    ],
    "Wallets and passphrases": [
        Mistake("No passphrase", f"{PROVE} --development", 2, "MISSING_FIELD"),
        Mistake(
            "A wrong passphrase", f"{PROVE} --development --passphrase-file wrong-passphrase", 1, "WRONG_PASSPHRASE"
        ),
        Mistake(
            "A passphrase that others can read",
            f"{PROVE} --development --passphrase-file open-passphrase",
            2,
            "NOT_READABLE",
        ),
        Mistake(
            "A passphrase file that is not there", f"{PROVE} --development --passphrase-file pass", 2, "NOT_READABLE"
        ),
        Mistake("No wallet", f"{PROVE} --wallet nothing --development {GIVEN}", 2, "NOT_READABLE"),
        Mistake(
            "A document instead of a wallet", f"{PROVE} --wallet typo.json --development {GIVEN}", 3, "NOT_READABLE"
        ),
        Mistake("A wallet of somebody else", f"{PROVE} --wallet other.wallet --development {GIVEN}", 2, "NOT_IN_TREE"),
        Mistake(
            "A position that was not committed",
            f"ringfence prove perp --input examples/leveraged-btc.json --development {GIVEN}",
            2,
            "NOT_IN_TREE",
        ),
        Mistake("The same name again", f"ringfence commit examples/long-btc.json {GIVEN}", 2, "DUPLICATE_FIELD"),
        Mistake(
            "A top-up with another basket",
            f"ringfence commit examples/basket.json --name 'long one bitcoin' {GIVEN}",
            2,
            "DUPLICATE_FIELD",
        ),
        Mistake("No folder of facts", f"{PROVE} --facts nowhere --development {GIVEN}", 3, "NOT_READABLE"),
    ],
    "Proofs and their keys": [
        Mistake("No proving key", PROVE, 2, "MISSING_FIELD"),
        Mistake(
            "A demand whose time was over before anything was proved",
            f"{PROVE} --development --demand old-demand.toml {GIVEN}",
            1,
            "EXPIRED",
        ),
        Mistake(
            "A position instead of a demand",
            f"{PROVE} --development --demand examples/long-btc.json {GIVEN}",
            3,
            "NOT_AN_OBJECT",
        ),
        Mistake(
            "A statement that there is not",
            f"ringfence prove perpp --input examples/long-btc.json --development {GIVEN}",
            2,
            "NOT_A_CHOICE",
        ),
        Mistake("A circuit that there is not", "ringfence circuit info perp-k2x", 2, "NOT_A_CHOICE"),
        Mistake("No proof", "ringfence verify nowhere", 3, "V01_NOT_READABLE"),
        Mistake(
            "Proof and public inputs exchanged",
            f"{VERIFY} {OTHERS}",
            3,
            "V06_WRONG_SHAPE",
        ),
        Mistake(
            "Public inputs of another proof", f"{VERIFY} --public other-public.json {PROOF}", 1, "V17_EQUATION_FAILS"
        ),
        Mistake("A key of another circuit", f"{VERIFY} --public more-public.json {PROOF}", 1, "V10_INPUT_COUNT"),
        Mistake(
            "A key that is not the pinned one",
            f"{VERIFY} --public examples/groth16/public.json {PROOF} --key-id {'00' * 32}",
            1,
            "V23_KEY_NOT_PINNED",
        ),
        Mistake(
            "A circuit instead of a proving key",
            f"ringfence groth16 prove --zkey {PRODUCT}.r1cs --wtns {PRODUCT}.wtns",
            3,
            "F02_FOREIGN_FILE",
        ),
        Mistake(
            "A proving key instead of a witness",
            f"ringfence wtns check {PRODUCT}.r1cs {PRODUCT}.zkey",
            3,
            "F02_FOREIGN_FILE",
        ),
    ],
    "Signing keys": [
        Mistake("A document instead of a key", "ringfence keys show examples/long-btc.json", 3, "NOT_READABLE"),
        Mistake("No folder of keys", "ringfence keys list --keys nowhere", 3, "NOT_READABLE"),
        Mistake(
            "A name that is taken", f"ringfence keys new mine --role member --keys keys {GIVEN}", 2, "DUPLICATE_FIELD"
        ),
        Mistake("A role that there is not", f"ringfence keys new next --role signer --keys keys {GIVEN}", 2, "USAGE"),
        Mistake(
            "The key of somebody who is no member",
            f"{BOOK} --key keys/mine.key {GIVEN}",
            2,
            "UNKNOWN_SIGNER",
            with_key,
        ),
        Mistake(
            "A key of another role",
            f"{BOOK} --key keys/log.key {GIVEN}",
            1,
            "NOT_A_KEY",
        ),
    ],
    "Attestations": [
        Mistake(
            "An anchor of another verifier", f"{CHECK} {SIGNED} --anchor other-anchor.toml {AT}", 1, "WRONG_CONTEXT"
        ),
        Mistake("An attestation that was altered", f"{CHECK} altered.json {ANCHOR} {AT}", 1, "WRONG_SIGNATURE"),
        Mistake(
            "An attestation whose time is over", f"{CHECK} {SIGNED} {ANCHOR} --at 2030-01-01T00:00:00Z", 1, "EXPIRED"
        ),
        Mistake(
            "A moment without its time zone", f"{CHECK} {SIGNED} {ANCHOR} --at 2027-01-15T08:00:00", 3, "NOT_READABLE"
        ),
        Mistake(
            "A position instead of an attestation", f"{CHECK} examples/long-btc.json {ANCHOR} {AT}", 3, "MISSING_FIELD"
        ),
        Mistake("An attestation instead of an anchor", f"{CHECK} {SIGNED} --anchor {SIGNED}", 3, "NOT_A_CHOICE"),
    ],
    "Servers": [
        Mistake("No anchor", "ringfence trust --set connection.plaintext=true", 2, "MISSING_FIELD"),
        Mistake("No certificate", "ringfence registry roots", 2, "MISSING_FIELD"),
        Mistake(
            "A server that does not run",
            f"ringfence registry roots {NOWHERE}",
            2,
            "UNAVAILABLE",
        ),
        Mistake(
            "An address without its port",
            "ringfence registry roots --server localhost --set connection.plaintext=true",
            3,
            "NOT_READABLE",
        ),
        Mistake("A setting with a typo", "ringfence prover serve --config server.toml", 3, "UNKNOWN_KEY"),
        Mistake("The settings of another program", "ringfence acceptances --config prover.toml", 3, "UNKNOWN_KEY"),
        Mistake(
            "A position instead of settings",
            "ringfence verifier serve --config examples/long-btc.json",
            3,
            "NOT_READABLE",
        ),
        Mistake("A server without settings", "ringfence verifier serve", 3, "MISSING_KEY"),
        Mistake(
            "A server that everybody could reach, without TLS",
            f"ringfence prover serve {OPEN}",
            2,
            "NOT_PRIVATE",
        ),
        Mistake("A store that is not there", "ringfence store verify nothing.db", 2, "NOT_READABLE"),
        Mistake("A position instead of a store", "ringfence store verify examples/long-btc.json", 3, "NOT_READABLE"),
        Mistake("A folder instead of a store", "ringfence store verify examples", 2, "FILE"),
        Mistake("A trial where something is", "ringfence sandbox examples", 2, "WRONG_FILE"),
    ],
    "Chains": [
        Mistake("A demo on chains without node", "ringfence demo --chains", 2, "BACKEND_MISSING", without_path),
    ],
    "Solvency": [
        Mistake("No run", "ringfence solvency verify nowhere", 2, "USAGE"),
        Mistake("A folder that is no run", "ringfence solvency verify examples", 3, "NOT_READABLE"),
        Mistake(
            "Accounts without their venue",
            "ringfence solvency prove --accounts examples/positions.csv --out out --development",
            2,
            "MISSING_FIELD",
        ),
        Mistake(
            "A line of an asset that there is not",
            "ringfence solvency prove --accounts accounts.csv --out out --development",
            3,
            "UNKNOWN_ASSET",
        ),
    ],
}
