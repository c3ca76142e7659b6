"""A relayer of a bridge: carries what the verifier says to its gate on a chain, each thing once.

    relayer.py TRIAL --node http://127.0.0.1:8545 --chain-id 1 --gate 0x... --keys keys --passphrase-file passphrase

The gate counts the revisions of each acceptance, so that what it knows is not sent again; a file keeps where the watch
is, and is written after the gate has what came before. Killed anywhere and started again, it leaves nothing out.
`ringfence relay` does the same for many gates and many verifiers, and waits until what it sent is final.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from trial import YES, Trial, begin_parser, run

from chains.gate import AttestationGate
from chains.rpc import open_chain
from chains.transactions import Sender
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.secp256k1 import SigningKey
from margin.errors import RejectedError
from ringfence.client.answers import Holding
from ringfence.client.connection import Connection

Told = tuple[Holding, str]


def carry(trial: Trial, asked: argparse.Namespace) -> int:
    """Everything that becomes of what is pledged to this gate."""
    kept = trial.folder / "clients" / "relayer.token"
    with open_chain([asked.node], asked.chain_id) as chain, trial.connect() as verifier:
        gate = AttestationGate.open(chain, bytes.fromhex(asked.gate.removeprefix("0x")), Sender(chain, payer(asked)))
        for holding, token in islice(follow(trial, verifier, kept), asked.most):
            if (holding.attestation.chain_id, holding.attestation.contract) == gate.place:
                submit(gate, holding)
            if token:
                kept.write_text(token, encoding="utf-8")
    return YES


def follow(trial: Trial, verifier: Connection, kept: Path) -> Iterator[Told]:
    """How everything is, where nothing was carried before; then every change, each with what goes on behind it."""
    token = kept.read_text(encoding="utf-8") if kept.exists() else ""
    if not token:
        for report in verifier.ask(trial.verifier.acceptances()):
            yield verifier.ask(trial.verifier.acceptance(report.id)), ""
    for change in verifier.follow(trial.verifier.watch(), token):
        yield change.item, change.token


def submit(gate: AttestationGate, holding: Holding) -> None:
    """Tell the gate; what it refuses is told here, and what follows is carried all the same."""
    what = f"acceptance {holding.id[:16]} is {holding.attestation.state.name.lower()}"
    try:
        submission = gate.submit([holding.signed])
    except RejectedError as error:
        print(f"{what}: the gate refuses it: {error.found}", flush=True)
    else:
        print(f"{what}: {submission.outcome.value}", flush=True)


def payer(asked: argparse.Namespace) -> SigningKey:
    """The account that pays; its key stays in its sealed file but for as long as this runs."""
    folder = KeyFolder(asked.keys)
    listed = folder.read().in_use(Role.SENDER, Algorithm.SECP256K1)
    key = folder.open(listed, asked.passphrase_file.read_text(encoding="utf-8").rstrip("\n")) if listed else None
    if not isinstance(key, SigningKey):
        message = "no key of role sender is in use: ringfence keys new NAME --role sender --algorithm secp256k1"
        raise SystemExit(message)
    return key


def main() -> int:
    """Do what the command line says."""
    parser = begin_parser(__doc__)
    parser.add_argument("--node", required=True, help="a node of the gate's chain")
    parser.add_argument("--chain-id", type=int, required=True)
    parser.add_argument("--gate", required=True, help="the address of the gate")
    parser.add_argument("--keys", type=Path, required=True, help="a folder with a key of role sender")
    parser.add_argument("--passphrase-file", type=Path, required=True)
    parser.add_argument("--most", type=int, help="stop after so many changes")
    asked = parser.parse_args()
    return carry(Trial(asked.trial, "acceptor"), asked)


if __name__ == "__main__":
    run(main)
