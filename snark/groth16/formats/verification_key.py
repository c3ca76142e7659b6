"""``verification_key.json`` as snarkjs reads and writes it."""

from functools import partial
from pathlib import Path
from typing import Final

from snark.bn254.backend import BackendName, TargetElement, choose_curve
from snark.errors import Reason, RejectedError
from snark.groth16.formats.strict_json import (
    CURVE,
    PROTOCOL,
    Json,
    parse,
    read_coordinate,
    read_file,
    read_g1,
    read_g2,
    require_count,
    require_list,
    require_object,
    require_system,
    write_g1,
    write_g2,
    write_text,
)
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import MAX_INPUTS

MAX_BYTES: Final = 2**24
FIELDS: Final = (
    *("protocol", "curve", "nPublic"),
    *("vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"),
)
ALPHA_BETA: Final = "vk_alphabeta_12"
"""The pairing of alpha and beta, ready-made: verified where it is there, and never used."""


def parse_verifying_key(
    data: bytes | str, *, backend: BackendName | str = BackendName.AUTO, allow_development_keys: bool = False
) -> VerifyingKey:
    """A key that passes every check of a key. Whether it is one to be trusted, only its id can say."""
    document = require_object(parse(data, MAX_BYTES, "key"), "", FIELDS, (ALPHA_BETA,))
    require_system(document)
    inputs = require_count(document["nPublic"], "nPublic", MAX_INPUTS)
    entries = require_list(document["IC"], "IC")
    if len(entries) != inputs + 1:
        found, expected = f"{len(entries)} points", f"{inputs + 1} points"
        raise RejectedError(Reason.V20_KEY_IC_COUNT, "IC", found=found, expected=expected)
    alpha = read_g1(document["vk_alpha_1"], "vk_alpha_1")
    beta, gamma, delta = (read_g2(document[name], name) for name in ("vk_beta_2", "vk_gamma_2", "vk_delta_2"))
    ic = tuple(read_g1(entry, f"IC[{index}]") for index, entry in enumerate(entries))
    key = VerifyingKey(alpha, beta, gamma, delta, ic, backend, allow_development_keys)
    if ALPHA_BETA in document:
        require_pairing(read_target(document[ALPHA_BETA]), key, backend)
    return key


def require_pairing(unverified_pairing: TargetElement, key: VerifyingKey, backend: BackendName | str) -> None:
    """A tool that trusts the ready-made value would verify under another key than this one."""
    if unverified_pairing != choose_curve(backend).compute_pairing(key.alpha, key.beta):
        found, expected = "another value", "the pairing of alpha and beta"
        raise RejectedError(Reason.V22_KEY_ALPHABETA, ALPHA_BETA, found=found, expected=expected)


def read_verifying_key(
    path: str | Path, *, backend: BackendName | str = BackendName.AUTO, allow_development_keys: bool = False
) -> VerifyingKey:
    """The same from a file."""
    parse = partial(parse_verifying_key, backend=backend, allow_development_keys=allow_development_keys)
    return read_file(path, MAX_BYTES, "key", parse)


def format_verifying_key(key: VerifyingKey, *, backend: BackendName | str = BackendName.AUTO) -> str:
    """The text that snarkjs writes."""
    numbers = list(map(str, choose_curve(backend).compute_pairing(key.alpha, key.beta)))
    pairs = [numbers[start : start + 2] for start in range(0, 12, 2)]
    document = {
        "protocol": PROTOCOL,
        "curve": CURVE,
        "nPublic": key.input_count,
        "vk_alpha_1": write_g1(key.alpha),
        "vk_beta_2": write_g2(key.beta),
        "vk_gamma_2": write_g2(key.gamma),
        "vk_delta_2": write_g2(key.delta),
        ALPHA_BETA: [pairs[:3], pairs[3:]],
        "IC": list(map(write_g1, key.ic)),
    }
    return write_text(document)


def read_target(value: Json) -> TargetElement:
    """Twelve numbers, nested two by three by two."""
    numbers = []
    for i, half in enumerate(require_list(value, ALPHA_BETA, 2)):
        for j, pair in enumerate(require_list(half, f"{ALPHA_BETA}[{i}]", 3)):
            for k, number in enumerate(require_list(pair, f"{ALPHA_BETA}[{i}][{j}]", 2)):
                numbers.append(read_coordinate(number, f"{ALPHA_BETA}[{i}][{j}][{k}]"))
    return tuple(numbers)
