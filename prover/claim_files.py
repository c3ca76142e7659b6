"""A claim as files: what ``ringfence verify`` and snarkjs read, with the demand that it was made for beside it."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.proof import Proof

PROOF, PUBLIC, VKEY = "proof.json", "public.json", "verification_key.json"
STATED: Final = "demand.json"
"""What is stated beside a proof."""
FOLDER: Final = "claim"


def render_claim(proof: Proof, values: Sequence[int], verifying_key: str) -> dict[str, str]:
    """Each file by its name, the proof last."""
    return {VKEY: verifying_key, PUBLIC: format_public(values), PROOF: format_proof(proof)}


def pack_files(contents: Mapping[str, str]) -> bytes:
    """One archive with a folder in it; the same files give the same bytes."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(ZipInfo(f"{FOLDER}/{name}"), text, ZIP_DEFLATED)
    return packed.getvalue()
