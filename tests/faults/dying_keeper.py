"""A keeper that makes one round after the other until it is killed, and says which it was told are made.

``python -m tests.faults.dying_keeper FOLDER SEED``: every line it writes is the number of a round and its root.
"""

import sys
from pathlib import Path
from random import Random

from facts.stored_tree.keeper import TreeKeeper

LEVELS = 4
MOST_LEAVES = 700
"""Enough for a kill to hit a round while its nodes are written."""


def draw_round(seed: int, number: int) -> dict[int, int]:
    """The leaves of a round, the same for whoever knows the seed."""
    random = Random(seed << 32 | number)  # noqa: S311 - leaves of a test, not secrets
    return {random.randrange(8**LEVELS): random.getrandbits(250) for _ in range(random.randrange(MOST_LEAVES))}


def main() -> None:
    """Make rounds."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    keeper = TreeKeeper(folder)
    number = next(reversed(keeper.rounds))
    while True:
        number += 1
        sys.stdout.write(f"{number} {keeper.update(draw_round(seed, number))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
