"""A tree of eight on the disk: millions of leaves, changed in rounds, whole after a kill at any moment.

    tree.json      how many levels, and how many rounds are kept
    nodes          every node at a place of its own, level after level; what was never written takes no room
    journal/       what each round changed: the nodes before and after, round after round
    checkpoint     the last round that is in ``nodes`` on the disk
    lock           held by the one process that changes the tree

A round is made when its record is on the disk, and only then are its nodes written in their places. Whoever reads while
they are, or asks for an earlier round, puts back from the records what later rounds have changed.
"""
