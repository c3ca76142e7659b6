"""The attacks K5 and K6 on ceremonies; each test has the id of its row in the threat model.

K5: what a ceremony leaves on the disk is what it publishes, and no secret. K6: a ceremony that was tampered with is
refused, and the reason says how.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2
from snark.bn254.points import G1, G1Point
from snark.errors import MisuseError, Reason, RejectedError
from snark.groth16.ceremony.bulk import choose_bulk
from snark.groth16.ceremony.derivation import ChaCha20, stretch_beacon
from snark.groth16.ceremony.key_contribution import close_with_beacon, contribute_to_key, prove_knowledge
from snark.groth16.ceremony.key_setup import make_initial_key, set_up_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_contributions as require_powers_contributions
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.phase2_transcript import hash_transcript, require_contributions
from snark.groth16.ceremony.ptau_contribution import close_ptau_with_beacon, contribute_to_ptau, prepare_ptau
from snark.groth16.ceremony.reference_bulk import ReferenceSecret
from snark.groth16.formats.contribution import ContributionKind, Provenance
from snark.groth16.formats.ptau import (
    ALPHA_TAU_G1,
    IN_G2,
    LAGRANGE_BETA_TAU_G1,
    TAU_G1,
    Ptau,
    PtauContribution,
    count_points,
    read_ptau,
)
from snark.groth16.formats.ptau import LAYOUT as PTAU_LAYOUT
from snark.groth16.formats.ptau import encode_contribution as encode_ptau_contribution
from snark.groth16.formats.zkey import LAYOUT as ZKEY_LAYOUT
from snark.groth16.formats.zkey import Zkey, ZkeyContribution, read_zkey, write_zkey
from snark.groth16.formats.zkey import encode_contribution as encode_zkey_contribution
from snark.r1cs.column import Column, view_g1
from snark.r1cs.container import Layout, read_container
from snark.r1cs.r1cs_file import Constraint, R1csHeader, read_r1cs, write_r1cs
from tests.snark import small_files as small
from tests.snark.groth16.ceremony.small_ceremony import BEACON, POWER, hold_another_ceremony, hold_ceremony

pytestmark = pytest.mark.native


@pytest.fixture
def curve() -> CurveBackend:
    """The quick one: the slow one needs minutes for all of these, and is held equal elsewhere."""
    return choose_curve(BackendName.NATIVE)


def double(point: bytes, curve: CurveBackend) -> bytes:
    """Another point of the same group."""
    if len(point) == 64:
        return encode_g1(curve.multiply_g1(decode_g1(point), 2))
    return encode_g2(curve.multiply_g2(decode_g2(point), 2))


def with_points(points: Column[G1Point], changes: dict[int, bytes]) -> Column[G1Point]:
    raw = [changes.get(index, points.raw(index)) for index in range(len(points))]
    return view_g1(memoryview(b"".join(raw)), points.place)


def with_doubled(points: Column[G1Point], index: int, curve: CurveBackend) -> Column[G1Point]:
    return with_points(points, {index: double(points.raw(index), curve)})


def alter_first(zkey: Zkey, **changes: Any) -> Zkey:  # noqa: ANN401 -- fields of a contribution
    one, *others = zkey.contributions
    return replace(zkey, contributions=(replace(one, **changes), *others))


def claim_a_beacon(first: Zkey, curve: CurveBackend) -> Zkey:
    """A contribution with a secret of one's own that says it was a beacon's."""
    secret = ReferenceSecret(12345, curve)
    own = prove_knowledge(first, Provenance(ContributionKind.BEACON, None, 10, b"moon"), secret, G1)
    delta = encode_g2(secret.multiply_g2(decode_g2(first.header.delta_g2)))
    header = replace(first.header, delta_g1=own.delta_after, delta_g2=delta)
    return replace(first, header=header, contributions=(*first.contributions, own))


def claim_another_beacon(contribution: ZkeyContribution) -> ZkeyContribution:
    return replace(contribution, provenance=replace(contribution.provenance, beacon=b"sun"))


ForgeKey = Callable[[Zkey, Zkey, CurveBackend], Zkey]
"""From the final key and the one after the first contribution."""

FORGED_KEYS: dict[str, tuple[Reason, ForgeKey]] = {
    "dropped first": (
        Reason.C02_TRANSCRIPT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[1:]),
    ),
    "dropped last": (
        Reason.C07_RESULT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[:-1]),
    ),
    "dropped all": (Reason.C01_NO_CONTRIBUTION, lambda final, _first, _curve: replace(final, contributions=())),
    "reordered": (
        Reason.C02_TRANSCRIPT,
        lambda final, _first, _curve: replace(final, contributions=final.contributions[::-1]),
    ),
    "replayed": (
        Reason.C02_TRANSCRIPT,
        lambda final, first, _curve: replace(final, contributions=(*final.contributions, *first.contributions)),
    ),
    "another circuit": (Reason.C08_ALTERED, lambda final, _first, _curve: replace(final, circuit_hash=bytes(64))),
    "another proof of knowledge": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda final, _first, curve: alter_first(final, spx=double(final.contributions[0].spx, curve)),
    ),
    "the proof of knowledge of the next": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda final, _first, _curve: alter_first(final, spx=final.contributions[1].spx),
    ),
    "another delta on the way": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda final, _first, curve: alter_first(final, delta_after=double(final.contributions[0].delta_after, curve)),
    ),
    "no delta on the way": (
        Reason.V14_INFINITY,
        lambda final, _first, _curve: alter_first(final, delta_after=bytes(64)),
    ),
    "another delta at the end": (
        Reason.C07_RESULT,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, delta_g1=double(final.header.delta_g1, curve))
        ),
    ),
    "another delta in G2": (
        Reason.C07_RESULT,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, delta_g2=double(final.header.delta_g2, curve))
        ),
    ),
    "another beacon": (
        Reason.C05_BEACON,
        lambda final, _first, _curve: replace(
            final, contributions=(final.contributions[0], claim_another_beacon(final.contributions[1]))
        ),
    ),
    "a beacon with a secret": (Reason.C05_BEACON, lambda _final, first, curve: claim_a_beacon(first, curve)),
    "another gamma": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(
            final, header=replace(final.header, gamma_g2=double(final.header.gamma_g2, curve))
        ),
    ),
    "another ic": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(final, ic=with_doubled(final.ic, 1, curve)),
    ),
    "another a": (
        Reason.C08_ALTERED,
        lambda final, _first, curve: replace(final, a=with_doubled(final.a, 1, curve)),
    ),
    "another c": (
        Reason.C09_POWERS,
        lambda final, _first, curve: replace(final, c=with_doubled(final.c, 1, curve)),
    ),
    "another h": (
        Reason.C09_POWERS,
        lambda final, _first, curve: replace(final, h=with_doubled(final.h, len(final.h) - 1, curve)),
    ),
    "h exchanged": (
        Reason.C09_POWERS,
        lambda final, _first, _curve: replace(final, h=with_points(final.h, {0: final.h.raw(1), 1: final.h.raw(0)})),
    ),
    "h of the key before": (Reason.C09_POWERS, lambda final, first, _curve: replace(final, h=first.h)),
    "h off the curve": (
        Reason.V15_OFF_CURVE,
        lambda final, _first, _curve: replace(final, h=with_points(final.h, {2: final.h.raw(2)[32:] * 2})),
    ),
}


def move_contribution(final: Zkey, curve: CurveBackend, *, rewritten: bool) -> Zkey:
    """A contribution to another ceremony in the place of the first; its transcript may be rewritten to fit."""
    moved = hold_another_ceremony(curve.name).final.contributions[0]
    if rewritten:
        s, sx = decode_g1(moved.s), decode_g1(moved.sx)
        moved = replace(moved, transcript=hash_transcript(final.circuit_hash, (), s, sx))
    return replace(final, contributions=(moved, *final.contributions[1:]))


FORGED_KEYS |= {
    "a contribution of another ceremony": (
        Reason.C02_TRANSCRIPT,
        lambda final, _first, curve: move_contribution(final, curve, rewritten=False),
    ),
    "a proof of knowledge moved to another transcript": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda final, _first, curve: move_contribution(final, curve, rewritten=True),
    ),
}


@pytest.mark.parametrize("name", FORGED_KEYS)
def test_k6_a_forged_key_is_refused(name: str, curve: CurveBackend) -> None:
    reason, forge = FORGED_KEYS[name]
    held = hold_ceremony(curve.name)
    with pytest.raises(RejectedError) as refused:
        require_key(forge(held.final, held.first, curve), held.initial, curve)
    assert refused.value.reason is reason


def test_k6_a_key_of_another_circuit_is_refused(curve: CurveBackend, tmp_path: Path) -> None:
    held = hold_ceremony(curve.name)
    rows = [Constraint(*(tuple(side) for side in row)) for row in (small.ADD, small.MULTIPLY)]
    write_r1cs(tmp_path / "other.r1cs", R1csHeader(5, 1, 1, 1, 7, len(rows)), rows, small.LABELS)
    initial = make_initial_key(read_r1cs(tmp_path / "other.r1cs"), held.prepared, curve)
    with pytest.raises(RejectedError) as refused:
        require_key(held.final, initial, curve)
    assert refused.value.reason is Reason.C08_ALTERED


def test_k6_a_key_over_other_powers_is_refused(curve: CurveBackend) -> None:
    held, other = hold_ceremony(curve.name), hold_another_ceremony(curve.name)
    with pytest.raises(RejectedError) as refused:
        require_key(held.final, make_initial_key(held.r1cs, other.prepared, curve), curve)
    assert refused.value.reason is Reason.C08_ALTERED


def test_k6_contributions_to_another_circuit_are_refused(curve: CurveBackend) -> None:
    moved = replace(hold_ceremony(curve.name).final, circuit_hash=bytes(64))
    with pytest.raises(RejectedError) as refused:
        require_contributions(moved, curve)
    assert refused.value.reason is Reason.C02_TRANSCRIPT


def test_k6_a_beacon_can_not_make_its_verifier_work_for_ever(curve: CurveBackend) -> None:
    held = hold_ceremony(curve.name)
    with pytest.raises(MisuseError) as refused:
        require_contributions(held.final, curve, most_beacon_exponent=9)
    assert refused.value.reason is Reason.C06_BEACON_WORK
    with pytest.raises(MisuseError) as refused:
        require_powers_contributions(held.powers, curve, most_beacon_exponent=9)
    assert refused.value.reason is Reason.C06_BEACON_WORK


# --- The first phase ----------------------------------------------------------------------------------


def alter_powers(ptau: Ptau, at: int, alter: Callable[[PtauContribution], PtauContribution]) -> Ptau:
    contributions = list(ptau.contributions)
    contributions[at] = alter(contributions[at])
    return replace(ptau, contributions=tuple(contributions))


def with_section(ptau: Ptau, kind: int, index: int, curve: CurveBackend) -> Ptau:
    return replace(ptau, g1={**ptau.g1, kind: with_doubled(ptau.g1[kind], index, curve)})


ForgePowers = Callable[[Ptau, CurveBackend], Ptau]

FORGED_POWERS: dict[str, tuple[Reason, ForgePowers]] = {
    "dropped first": (
        Reason.C05_BEACON,
        lambda ptau, _curve: replace(ptau, contributions=ptau.contributions[1:]),
    ),
    "reordered": (
        Reason.C05_BEACON,
        lambda ptau, _curve: replace(ptau, contributions=ptau.contributions[::-1]),
    ),
    "a contribution of another ceremony": (
        Reason.C05_BEACON,  # of the next, whose challenge is another now
        lambda ptau, curve: alter_powers(ptau, 0, lambda _: hold_another_ceremony(curve.name).powers.contributions[0]),
    ),
    "a proof of knowledge moved to another transcript": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda ptau, _curve: alter_powers(ptau, 0, lambda one: replace(one, tau_key=ptau.contributions[1].tau_key)),
    ),
    "dropped last": (Reason.C07_RESULT, lambda ptau, _curve: replace(ptau, contributions=ptau.contributions[:-1])),
    "dropped all": (Reason.C01_NO_CONTRIBUTION, lambda ptau, _curve: replace(ptau, contributions=())),
    "replayed": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda ptau, _curve: replace(ptau, contributions=(*ptau.contributions, ptau.contributions[0])),
    ),
    "another challenge on the way": (
        Reason.C05_BEACON,
        lambda ptau, _curve: alter_powers(ptau, 0, lambda one: replace(one, next_challenge=bytes(64))),
    ),
    "another challenge at the end": (
        Reason.C10_CHALLENGE,
        lambda ptau, _curve: alter_powers(ptau, 1, lambda one: replace(one, next_challenge=bytes(64))),
    ),
    "another response": (
        Reason.C10_CHALLENGE,
        lambda ptau, _curve: alter_powers(ptau, 1, lambda one: replace(one, hash_state=bytes(216))),
    ),
    "keys exchanged": (
        Reason.C03_PROOF_OF_KNOWLEDGE,
        lambda ptau, _curve: alter_powers(
            ptau, 0, lambda one: replace(one, tau_key=one.alpha_key, alpha_key=one.tau_key)
        ),
    ),
    "another alpha": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 0, lambda one: replace(one, alpha_g1=double(one.alpha_g1, curve))),
    ),
    "another tau in G2": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 0, lambda one: replace(one, tau_g2=double(one.tau_g2, curve))),
    ),
    "another beta in G2": (
        Reason.C04_DOES_NOT_FOLLOW,
        lambda ptau, curve: alter_powers(ptau, 1, lambda one: replace(one, beta_g2=double(one.beta_g2, curve))),
    ),
    "another beacon": (
        Reason.C05_BEACON,
        lambda ptau, _curve: alter_powers(
            ptau, 1, lambda one: replace(one, provenance=replace(one.provenance, beacon=b"sun"))
        ),
    ),
    "another power": (Reason.C09_POWERS, lambda ptau, curve: with_section(ptau, TAU_G1, 5, curve)),
    "another last power": (Reason.C09_POWERS, lambda ptau, curve: with_section(ptau, ALPHA_TAU_G1, 7, curve)),
    "another first power": (Reason.C07_RESULT, lambda ptau, curve: with_section(ptau, ALPHA_TAU_G1, 0, curve)),
    "another Lagrange point": (
        Reason.C11_LAGRANGE,
        lambda ptau, curve: with_section(ptau, LAGRANGE_BETA_TAU_G1, 9, curve),
    ),
}


@pytest.mark.parametrize("name", FORGED_POWERS)
def test_k6_forged_powers_are_refused(name: str, curve: CurveBackend) -> None:
    reason, forge = FORGED_POWERS[name]
    prepared = hold_ceremony(curve.name).prepared
    with pytest.raises(RejectedError) as refused:
        require_ptau(forge(prepared, curve), curve)
    assert refused.value.reason is reason


# --- K5: what is left on the disk ---------------------------------------------------------------------


def spellings(secret: int) -> Iterator[bytes]:
    """A scalar, its inverse and their opposites, plain and in Montgomery form, in both orders and as text."""
    inverse = pow(secret, -1, GROUP_ORDER)
    for value in (secret, inverse, GROUP_ORDER - secret, GROUP_ORDER - inverse):
        for number in (value, value * 2**256 % GROUP_ORDER):
            yield from (number.to_bytes(32, "little"), number.to_bytes(32, "big"))
            yield from (str(number).encode(), f"{number:x}".encode())


def require_silent(folder: Path, seed: bytes, secrets: int) -> None:
    """No file has the seed, nor a secret that it names, nor its first powers."""
    stream = ChaCha20(seed)
    drawn = [stream.next_scalar() for _ in range(secrets)]
    powers = [pow(scalar, exponent, GROUP_ORDER) for scalar in drawn for exponent in range(1, 2 << POWER)]
    forbidden = {seed, seed[::-1], *(spelling for power in powers for spelling in spellings(power))}
    for path in folder.rglob("*"):
        content = path.read_bytes()
        assert not [spelling for spelling in forbidden if spelling in content], path


def tell_sizes(path: Path, layout: Layout) -> dict[int, int]:
    """The sections of a file, which tile it."""
    container = read_container(path, layout)
    sizes = {kind: len(section.data) for kind, section in container.sections.items()}
    assert path.stat().st_size == 12 + sum(12 + size for size in sizes.values())
    return sizes


def test_k5_powers_are_what_is_listed_and_no_secret_is_on_the_disk(curve: CurveBackend, tmp_path: Path) -> None:
    """The secrets are those of a beacon: the only ones that anyone can look for."""
    close_ptau_with_beacon(hold_ceremony(curve.name).powers, tmp_path / "1.ptau", BEACON, 11, curve)
    prepare_ptau(read_ptau(tmp_path / "1.ptau"), tmp_path / "2.ptau", curve)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.ptau", "2.ptau"]
    require_silent(tmp_path, stretch_beacon(BEACON, 11), 3)
    listed = {kind: count * (128 if kind in IN_G2 else 64) for kind, count in count_points(POWER).items()}
    records = sum(map(len, map(encode_ptau_contribution, read_ptau(tmp_path / "1.ptau").contributions)))
    listed |= {1: 4 + 32 + 8, 7: 4 + records}
    assert tell_sizes(tmp_path / "2.ptau", PTAU_LAYOUT) == listed
    assert tell_sizes(tmp_path / "1.ptau", PTAU_LAYOUT) == {kind: listed[kind] for kind in range(1, 8)}


def test_k5_a_key_is_what_is_listed_and_no_secret_is_on_the_disk(curve: CurveBackend, tmp_path: Path) -> None:
    before = hold_ceremony(curve.name).final
    close_with_beacon(before, tmp_path / "1.zkey", BEACON, 11, curve)
    assert [path.name for path in tmp_path.iterdir()] == ["1.zkey"]
    require_silent(tmp_path, stretch_beacon(BEACON, 11), 1)
    key, sizes = read_zkey(tmp_path / "1.zkey"), tell_sizes(tmp_path / "1.zkey", ZKEY_LAYOUT)
    wires, public, domain = key.header.variables, key.header.public, key.header.domain
    records = sum(map(len, map(encode_zkey_contribution, key.contributions)))
    header = 2 * (4 + 32) + 3 * 4 + 3 * 64 + 3 * 128
    assert sizes == {
        1: 4,
        2: header,
        3: 64 * (public + 1),
        4: 4 + len(before.coefficient_data),
        5: 64 * wires,
        6: 64 * wires,
        7: 128 * wires,
        8: 64 * (wires - public - 1),
        9: 64 * domain,
        10: 64 + 4 + records,
    }


class Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """Somebody pulled the plug."""


def pull_the_plug(done: int, of: int) -> None:
    """In the middle of the work."""
    if 2 * done >= of:
        raise Stopped


def test_k5_nothing_is_left_where_work_is_broken_off(curve: CurveBackend, tmp_path: Path) -> None:
    held = hold_ceremony(curve.name)
    for work in (
        lambda: contribute_to_ptau(held.powers, tmp_path / "1.ptau", "Ada", curve, pull_the_plug),
        lambda: prepare_ptau(held.powers, tmp_path / "1.ptau", curve, pull_the_plug),
        lambda: set_up_key(held.r1cs, held.prepared, tmp_path / "1.zkey", curve, pull_the_plug),
        lambda: contribute_to_key(held.final, tmp_path / "1.zkey", "Ada", curve, pull_the_plug),
    ):
        with pytest.raises(Stopped):
            work()
    assert list(tmp_path.iterdir()) == []


def test_k5_a_secret_shows_nothing_of_itself(curve: CurveBackend) -> None:
    """Neither in a log line nor in a pickle: the native one is a handle, and has no way out."""
    stream = choose_bulk(curve).open_stream(stretch_beacon(BEACON, 10))
    scalar = ChaCha20(stretch_beacon(BEACON, 10)).next_scalar()
    secret = stream.next_secret()
    for thing in (secret, secret.handle, stream, stream.handle):  # type: ignore[attr-defined]
        assert str(scalar) not in f"{thing!r}{thing}{dir(thing)}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


CONTRIBUTOR = """
import sys
from pathlib import Path
from snark.bn254.backend import choose_curve
from snark.groth16.ceremony.bulk import choose_bulk
from snark.groth16.ceremony.derivation import stretch_beacon
from snark.groth16.ceremony.key_contribution import close_with_beacon
from snark.groth16.formats.zkey import read_zkey
beacon, curve = bytes.fromhex(sys.argv[3]), choose_curve("native", threads=2)
secret = choose_bulk(curve).open_stream(stretch_beacon(beacon, 11)).next_secret()
print("holding", flush=True)
sys.stdin.readline()
del secret
close_with_beacon(read_zkey(Path(sys.argv[1])), Path(sys.argv[2]), beacon, 11, curve)
print("done", flush=True)
sys.stdin.readline()
"""


def search_memory(process: int, wanted: set[bytes]) -> set[bytes]:
    """Which of these bytes stand anywhere in the memory of a process, stacks included."""
    found = set()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            begin, end = (int(address, 16) for address in line.split()[0].split("-"))
            with suppress(OSError, ValueError, OverflowError):  # pages that the kernel keeps for itself
                memory.seek(begin)
                content = memory.read(end - begin)
                found |= {each for each in wanted if each in content}
    return found


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the memory of a process is no file here")
def test_k5_no_secret_is_in_memory_after_a_contribution(curve: CurveBackend, tmp_path: Path) -> None:
    """A core dump or a swap file of the contributor's process, made afterwards, tells nothing."""
    write_zkey(tmp_path / "0.zkey", hold_ceremony(curve.name).final)
    secret = ChaCha20(stretch_beacon(BEACON, 11)).next_scalar()
    wanted = set(spellings(secret))
    files = [str(tmp_path / f"{index}.zkey") for index in range(2)]
    arguments = [sys.executable, "-c", CONTRIBUTOR, *files, BEACON.hex()]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        told, asked = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stdin)
        assert told.readline() == b"holding\n"
        assert search_memory(process.pid, wanted), "the search finds what is there"
        asked.write(b"\n")
        asked.flush()
        assert told.readline() == b"done\n"
        assert search_memory(process.pid, wanted) == set()
        asked.close()
