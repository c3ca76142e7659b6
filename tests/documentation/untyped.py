"""Which blocks are typed, and the few that are not, each with its reason."""

from typing import Final

from tests.documentation.pages import Block

GENERATED: Final = ("docs/reference/", "docs/mistakes.md", "docs/demo.md")
"""Written by what they show: signatures and usages read off the code, wrong commands that were tried, a recording."""
TYPED: Final = {"console", "sh", "python"}
TOLD: Final = "with --json"
"""The title of a document that the command above it writes."""
NOT_TYPED: Final = {
    "as root": "it changes the machine; tests/packaging/test_deployment.py has systemd verify the units",
    "with an engine for containers": "there is none here; tests/packaging/test_deployment.py reads the Dockerfile",
    "with grpcurl": "a program of others; test_blocks.py looks up what is called, and reads what is sent",
}
"""Blocks that are shown and not typed, by their title."""


def is_typed(block: Block) -> bool:
    """Whether a reader types this, or writes it into a file."""
    if block.page.startswith(GENERATED) or block.title in NOT_TYPED:
        return False
    return block.language in TYPED or bool(block.file) or block.title == TOLD
