"""A bridge: credits a trader for collateral that is locked elsewhere, and asks nobody but an attestation.

    bridge.py TRIAL check attestations/alice.json    whether it can be relied on, now and offline
    bridge.py TRIAL watch                            what becomes of everything that was pledged here, as it happens

``check`` opens no connection: the keys that are pinned and the clock are all it needs. What can end an acceptance
before its time (a release, a seizure) is in the verifier's log, which ``watch`` follows with the bridge's certificate.
"""

import time
from itertools import islice
from pathlib import Path

from trial import YES, Trial, begin_parser, run

from facts.attestation import Attestation
from facts.attestation_document import read_attestation
from facts.log_entry import State
from margin.documents.reading import read_document


def check(trial: Trial, file: Path) -> int:
    """Whether an attestation holds: signed by whom it has to be, for this contract, for a time that is not over."""
    attestation = trial.anchor.verify(read_attestation(read_document(file)), int(time.time()))
    left = attestation.lapses_at - int(time.time())
    print(f"valid: {describe(attestation)}, for {left} seconds more")
    return YES


def watch(trial: Trial, most: int | None) -> int:
    """Every change of what is pledged to this bridge; each one was checked against the log."""
    with trial.connect() as verifier:
        for change in islice(verifier.follow(trial.verifier.watch()), most):
            credit = "counts" if change.item.acceptance.state in {State.ACCEPTED, State.REFRESHED} else "counts no more"
            print(f"{describe(change.item.attestation)}: {credit}", flush=True)
    return YES


def describe(attestation: Attestation) -> str:
    """What is said of which acceptance."""
    state = attestation.state.name.lower()
    return f"acceptance {attestation.acceptance[:16]} is {state}, locks held: {len(attestation.held)}"


def main() -> int:
    """Do what the command line says."""
    parser = begin_parser(__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("check").add_argument("attestation", type=Path)
    what.add_parser("watch").add_argument("--most", type=int, help="stop after so many changes")
    asked = parser.parse_args()
    trial = Trial(asked.trial, "acceptor")
    return check(trial, asked.attestation) if asked.what == "check" else watch(trial, asked.most)


if __name__ == "__main__":
    run(main)
