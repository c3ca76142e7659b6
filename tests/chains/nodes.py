"""Whether real nodes can be run here."""

import shutil

import pytest

from chains.development.anvil import INSTALLED

needs_nodes = pytest.mark.skipif(
    shutil.which("node") is None or not INSTALLED.is_dir(),
    reason="node and contracts/node_modules are needed: make contracts",
)
