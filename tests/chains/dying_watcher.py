"""A watcher that looks again and again until it is killed, and says what it hands over.

``python -m tests.chains.dying_watcher URL FOLDER``: every line it writes is a statement that it signs.
"""

import sys
from pathlib import Path

from chains.rpc import Limits, open_chain
from chains.watching.state import WatchState
from chains.watching.watcher import Answer, Outcome, Watcher
from facts.lock_root import LockRoot
from tests.chains.scripted_chain import CHAIN_ID, ESCROW
from tests.chains.watched import COMMITTEE, EVERY


def submit(statement: LockRoot) -> Answer:
    """Say it; every other one is published at once."""
    sys.stdout.write(statement.encode().hex() + "\n")
    sys.stdout.flush()
    return Answer(Outcome.PUBLISHED if statement.sequence % (2 * EVERY) == 0 else Outcome.WAITING)


def main() -> None:
    """Look."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    with (
        open_chain([url], CHAIN_ID, Limits(seconds=60, attempts=1)) as chain,
        WatchState(folder, CHAIN_ID, ESCROW, 1) as state,
    ):
        watcher = Watcher(chain, ESCROW, state, every_blocks=EVERY, from_block=1)
        while True:
            watcher.look(COMMITTEE, submit)


if __name__ == "__main__":
    main()
