"""An exchange: sees that every position is solvent without seeing one, and seizes what nobody stood up for.

    exchange.py TRIAL verify attestations/*.claim    every claim over one stream, each with its own answer
    exchange.py TRIAL seize                          take the locks of all acceptances that have lapsed

The releases that traders left with the verifier are sealed: the exchange, as the venue, has the one key that opens
them, and the verifier lets a lock be seized only after its acceptance has lapsed.
"""

from pathlib import Path

from trial import NO, YES, Trial, begin_parser, run

from facts.log_entry import State
from facts.sealed_release import open_release_key
from ringfence.client.release import decode_claim, open_claim
from ringfence.wire.claim import Refusal


def verify(trial: Trial, files: list[Path]) -> int:
    """Whether every claim holds at the prices that are signed now; exit 1 where one does not."""
    claims = [decode_claim(file.read_bytes()) for file in files]
    names = {id(claim): file.stem for claim, file in zip(claims, files, strict=True)}
    refused = 0
    with trial.connect() as verifier:
        for claim, answer in verifier.exchange(trial.verifier.verify_many(), claims):
            is_refused = isinstance(answer, Refusal)
            refused += is_refused
            why = f"refused in step {answer.step}: {answer.reason}" if isinstance(answer, Refusal) else "solvent"
            print(f"{names[id(claim)]}: {why}")
    print(f"{len(claims) - refused} of {len(claims)} positions are solvent")
    return NO if refused else YES


def seize(trial: Trial) -> int:
    """Take what lapsed, by the releases that were sealed for this venue; exit 1 where there was nothing to take."""
    venue = trial.folder / "venue"
    key = open_release_key(venue / "release.key", (venue / "passphrase").read_text(encoding="utf-8").rstrip("\n"))
    seized = 0
    with trial.connect() as verifier:
        for lapsed in verifier.ask(trial.verifier.acceptances(State.LAPSED)):
            for sealed in filter(None, verifier.ask(trial.verifier.sealed_releases(lapsed.id))):
                holding = verifier.ask(trial.verifier.seize(lapsed.id, open_claim(sealed, key)))
                print(f"seized {len(holding.attestation.left)} lock of acceptance {lapsed.id}")
                seized += 1
    return YES if seized else NO


def main() -> int:
    """Do what the command line says."""
    parser = begin_parser(__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("verify").add_argument("claims", type=Path, nargs="+")
    what.add_parser("seize")
    asked = parser.parse_args()
    trial = Trial(asked.trial, "venue")
    return verify(trial, asked.claims) if asked.what == "verify" else seize(trial)


if __name__ == "__main__":
    run(main)
