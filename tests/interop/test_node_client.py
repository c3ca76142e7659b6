"""A client in Node.js, made from the protos alone, and a verifier that serves: the wire is what it says it is."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ringfence.client.answers import identify
from ringfence.v1 import claim_pb2
from tests.packaging.sources import REPOSITORY
from tests.ringfence.client.calling import anchor_of, calling, settings_of, show, verifier_of
from tests.verifier.claims import Watch
from tests.verifier.running import Trial

HERE = Path(__file__).parent
PROGRAM = HERE / "wire_client.mjs"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (HERE / "node_modules" / "@grpc" / "grpc-js").exists() or shutil.which("node") is None,
        reason="grpc-js is not installed: no other language calls a server (make interop)",
    ),
]


def describe_claim(message: claim_pb2.Claim) -> dict[str, Any]:
    """The fields of a claim in JSON, bytes in hexadecimal."""
    inputs, context = message.public_inputs, message.demand.context
    names = ("book_root", "market_root", "lock_root", "position_tag", "context", "policy")
    return {
        "key_id": message.key_id.hex(),
        "public_inputs": {
            **{name: getattr(inputs, name).hex() for name in names},
            "nullifiers": [each.hex() for each in inputs.nullifiers],
        },
        "points": message.proof.points.hex(),
        "policy": {
            "requirement": "REQUIREMENT_KIND_INITIAL",
            "least_basket_value": message.demand.policy.least_basket_value,
        },
        "context": {
            "domain": context.domain,
            "verifier": context.verifier,
            "destination_chain_id": str(context.destination_chain_id),
            "destination_contract": context.destination_contract.hex(),
            "recipient": context.recipient.hex(),
            "expires_at_seconds": str(context.expires_at_seconds),
        },
    }


def test_another_language_calls_a_verifier_by_the_protos_alone(tmp_path: Path) -> None:
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db")).serving() as running, calling(running) as callers:
        callers.ask(verifier_of(running).accept(show(running.claim(1))))
        settings, shown, anchor = settings_of(running), running.claim(2), anchor_of(running)
        asked = {
            "protos": str(REPOSITORY / "protos"),
            "address": settings.address,
            **{name: str(getattr(settings, name)) for name in ("authorities", "certificate", "key")},
            "log_key": anchor.log_keys[0].public_key.hex(),
            "claim": describe_claim(shown.message()),
            "other_points": running.claim(3).message().proof.points.hex(),
        }
        (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 -- our own program
            [shutil.which("node") or "node", PROGRAM, tmp_path / "asked.json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    allowed = (tmp_path / "keys.toml").read_text(encoding="utf-8").count("[[keys]]")
    assert answers["trust"] == {"verifier": anchor.verifier, "log_key": asked["log_key"], "keys": allowed}
    assert answers["head"] == {"size": "1", "holds": True}
    assert answers["valid"] == {"verdict": "VERDICT_VALID", "claim_id": identify(show(shown))}
    assert answers["forged"] == {"verdict": "VERDICT_REFUSED", "step": 7, "reason": "V17_EQUATION_FAILS"}
    assert answers["malformed"] == {"code": "INVALID_ARGUMENT", "has_details": True}
    assert answers["not_allowed"] == {"code": "PERMISSION_DENIED", "has_details": True}
