"""What verifier and browser are both asked about, and how it is told."""

import base64
from typing import Final

from snark.groth16.keys import VerifyingKey

GOOD: Final = ("valid", "")


def pack(text: str | bytes) -> str:
    """Bytes on their way through JSON."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text).decode()


def pin(name: str, key: VerifyingKey) -> dict[str, object]:
    """A key as the console tells it."""
    return {"id": key.id, "statement": name, "development": False, "canonical": key.encode().hex()}
