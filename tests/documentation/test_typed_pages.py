"""What README and docs tell people to type is typed here: each page from top to bottom, in a folder of its own."""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.chains.nodes import needs_nodes
from tests.documentation.pages import PAGES, Block, blocks_of
from tests.documentation.preparations import ON_A_BRIDGE, prepared
from tests.documentation.terminal import opened_terminal
from tests.documentation.untyped import is_typed

QUICK = {
    "docs/attestations.md",
    "docs/circuits/language.md",
    "docs/cli.md",
    "docs/concepts.md",
    "docs/facts.md",
    "docs/guides/bridge.md",
    "docs/margin/batch.md",
    "docs/margin/options.md",
    "docs/margin/scenarios.md",
    "docs/margin/structures.md",
    "docs/operations/certificates.md",
    "docs/signed-facts.md",
    "docs/snark/development-keys.md",
    "docs/snark/formats.md",
    "docs/snark/poseidon.md",
    "docs/verifier/store.md",
}
"""Pages that are typed in less than a second."""


def typed_blocks(page: str) -> list[Block]:
    """What is done with a page, in order."""
    return [block for block in blocks_of(page) if is_typed(block)]


def pages() -> list[ParameterSet]:
    """The pages on which there is something to type."""
    found = [page for page in PAGES if any(not block.file for block in typed_blocks(page))]
    return [pytest.param(page, marks=marks_of(page)) for page in found]


def marks_of(page: str) -> list[pytest.MarkDecorator]:
    """What a page takes."""
    if page in QUICK:
        return []
    return [pytest.mark.slow, pytest.mark.native, *([needs_nodes] if page in ON_A_BRIDGE else [])]


@pytest.mark.parametrize("page", pages())
def test_a_page_is_typed_from_top_to_bottom(
    page: str,
    tmp_path_factory: pytest.TempPathFactory,
    circuit_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path_factory.mktemp("page")  # a short name: the path of a socket has room for a hundred letters
    monkeypatch.setenv("RINGFENCE_CACHE", str(circuit_cache))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(folder)
    with opened_terminal(folder, capsys) as terminal, prepared(page, terminal, folder):
        for block in typed_blocks(page):
            terminal.go_through(block)
