"""An observer that looks again and again until it is killed, and says what it shares.

``python -m tests.chains.dying_observer URL FOLDER GATE``: every line is an acceptance, a revision and what is signed.
"""

import sys
import time
from pathlib import Path

from chains.observing.journal import Journal
from chains.observing.observer import Observer
from chains.observing.parts import Parts
from chains.rpc import open_chain
from facts.attestation import Attestation
from tests.chains.observed import GATE_CHAIN, OBSERVERS, ONCE, PAYEES


def main() -> None:
    """Look."""
    url, folder, gate = sys.argv[1], Path(sys.argv[2]), bytes.fromhex(sys.argv[3])
    parts, key = Parts(folder / "parts", GATE_CHAIN, gate), OBSERVERS[0]

    def share(said: Attestation) -> None:
        sys.stdout.write(f"{said.acceptance} {said.revision} {said.digest.hex()}\n")
        sys.stdout.flush()
        time.sleep(0.02)
        parts.share(said, key)

    with open_chain([url], GATE_CHAIN, ONCE) as chain, Journal(folder / "observe-0", GATE_CHAIN, gate, 1) as journal:
        observer = Observer(chain, gate, journal, payees=PAYEES, from_block=1)
        while True:
            observer.look(share, lambda said: parts.forget(said, key))


if __name__ == "__main__":
    main()
