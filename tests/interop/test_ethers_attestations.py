"""ethers computes the digest that we compute, makes the signature that we make, and finds the address that signed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PROGRAM = HERE / "typed_data.mjs"
VECTORS = HERE.parent / "facts" / "attestation_vectors.json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (HERE / "node_modules" / "ethers").exists() or shutil.which("node") is None,
        reason="ethers is not installed: nothing is compared with it (make interop)",
    ),
]


def test_ethers_agrees_on_every_attestation() -> None:
    vectors: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    done = subprocess.run(  # noqa: S603 -- our own program
        [shutil.which("node") or "node", PROGRAM, VECTORS], capture_output=True, text=True, check=True, timeout=300
    )
    answers = json.loads(done.stdout)
    for_chains = {name: vector for name, vector in vectors["attestations"].items() if "digest" in vector}
    assert answers.keys() == for_chains.keys()
    for name, vector in for_chains.items():
        assert answers[name] == {
            "type": vectors["type"],
            "domain_hash": f"0x{vector['domain_hash']}",
            "digest": f"0x{vector['digest']}",
            "signature": f"0x{vector['signature']}",
            "signer": vectors["signer"],
        }
