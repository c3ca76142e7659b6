"""The folder of a circuit: written whole, read back strictly, and found again without compiling."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from circuits import catalogue
from circuits.artifact import FILES, INTERFACE, compute_text_version, read_artifact, write_artifact
from circuits.builder import Builder, Element, Uint
from circuits.catalogue import Entry, find_statement, list_circuits, name_circuit
from circuits.gadgets.membership import compute_root
from circuits.gadgets.ranges import enforce_at_most
from circuits.sizes import Size, find_size
from circuits.statement import Statement
from margin.errors import MalformedError
from prover.artifacts import Cache
from snark.errors import MisuseError, RejectedError
from snark.r1cs.r1cs_file import read_r1cs


@dataclass(frozen=True)
class Purse(Statement):
    """A hidden amount in a tree is at most a limit."""

    name: ClassVar[str] = "purse"
    levels: int = 1
    bits: int = 16

    @property
    def shape(self) -> dict[str, int]:
        """Both parameters."""
        return {"levels": self.levels, "bits": self.bits}

    def define(self, builder: Builder) -> None:
        """The text."""
        root = builder.public("root", Element(), "root of the tree of amounts")
        limit = builder.public("limit", Uint(self.bits), "the most that is allowed")
        amount = builder.private("amount", Uint(self.bits), "the hidden amount")
        salt = builder.private("salt", Element(), "hides the amount")
        leaf = builder.hash_inputs([amount, salt])
        builder.enforce_equal(compute_root(builder, "path", leaf, self.levels), root, rule="amount_in_tree")
        enforce_at_most(amount, limit, rule="amount_at_most_limit")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with the one statement of this file."""
    monkeypatch.setattr(catalogue, "ENTRIES", (Entry(Purse, {"levels": "l"}, ({"levels": 1}, {"levels": 2})),))


pytestmark = pytest.mark.usefixtures("shelf")


def test_names_follow_from_shapes() -> None:
    assert list(list_circuits()) == ["purse-l1", "purse-l2"]
    assert name_circuit(Purse(3, 8)) == "purse-l3-bits8"
    assert (
        find_statement("purse-l2")
        == find_statement("purse", "L=2")
        == find_statement("purse", " levels = 2 ")
        == Purse(2)
    )


@pytest.mark.parametrize(("name", "shape"), [("wallet", ""), ("purse-l9", ""), ("purse-l1", "l=2")])
def test_a_name_that_is_none_is_refused(name: str, shape: str) -> None:
    with pytest.raises(MisuseError):
        find_statement(name, shape)


@pytest.mark.parametrize("shape", ["depth=2", "l=2,levels=2", "l", "l=-1", "l=\N{ARABIC-INDIC DIGIT TWO}", "l=65537"])
def test_a_shape_that_is_none_is_refused(shape: str) -> None:
    with pytest.raises(MisuseError):
        find_statement("purse", shape)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = write_artifact(Purse(), tmp_path / "circuit")
    read = read_artifact(tmp_path / "circuit")
    assert read == written
    read.require_intact()
    assert read.interface.public_names == ("root", "limit")
    assert read_r1cs(read.r1cs).header.constraints == read.interface.counts.constraints
    assert [path.name for path in tmp_path.iterdir()] == ["circuit"]


def test_the_same_text_gives_the_same_files(tmp_path: Path) -> None:
    one, two = (write_artifact(Purse(), tmp_path / name).interface.files for name in ("one", "two"))
    assert one == two
    assert one != write_artifact(Purse(bits=17), tmp_path / "three").interface.files


def test_the_interface_says_what_a_caller_has_to_know(tmp_path: Path) -> None:
    write_artifact(Purse(), tmp_path / "circuit")
    document = json.loads((tmp_path / "circuit" / INTERFACE).read_text())
    assert document["public"] == ["root", "limit"]
    amount = next(each for each in document["inputs"] if each["name"] == "amount")
    assert amount == {
        "name": "amount",
        "size": 1,
        "bits": 16,
        "below": "65536",
        "public": False,
        "meaning": "the hidden amount",
    }


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_noticed(name: str, tmp_path: Path) -> None:
    artifact = write_artifact(Purse(), tmp_path / "circuit")
    path = artifact.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MalformedError):
        artifact.require_intact()


def test_a_program_of_another_circuit_is_noticed(tmp_path: Path) -> None:
    one, two = (write_artifact(Purse(levels), tmp_path / str(levels)) for levels in (1, 2))
    document = json.loads((one.folder / INTERFACE).read_text())
    document["files"]["circuit.program"] = two.interface.files["circuit.program"]
    (one.folder / INTERFACE).write_text(json.dumps(document))
    (one.folder / "circuit.program").write_bytes((two.folder / "circuit.program").read_bytes())
    with pytest.raises(MalformedError):
        read_artifact(one.folder).load_program()


def test_a_failed_writing_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = write_artifact(Purse(), tmp_path / "circuit")
    monkeypatch.setattr("circuits.artifact.encode_program", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_artifact(Purse(2), tmp_path / "circuit")
    assert read_artifact(tmp_path / "circuit") == artifact
    assert [path.name for path in tmp_path.iterdir()] == ["circuit"]


def test_the_cache_compiles_once(tmp_path: Path) -> None:
    told: list[str] = []
    cache = Cache(tmp_path, told.append)
    assert cache.artifact(Purse()) == cache.artifact(Purse())
    assert told == ["compiling purse-l1"]
    assert compute_text_version()[:32] in str(cache.place_of(Purse()))


def test_what_several_want_at_once_is_compiled_once(tmp_path: Path) -> None:
    told: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        artifacts = list(threads.map(lambda _: Cache(tmp_path, told.append).artifact(Purse()), range(4)))
    assert artifacts == artifacts[:1] * 4
    assert told == ["compiling purse-l1"]


@pytest.mark.parametrize("name", [*FILES, INTERFACE])
def test_the_cache_mends_what_was_altered(name: str, tmp_path: Path) -> None:
    told: list[str] = []
    cache = Cache(tmp_path, told.append)
    artifact = cache.artifact(Purse())
    content = (artifact.folder / name).read_bytes()
    (artifact.folder / name).write_bytes(content[: len(content) // 2])
    assert cache.artifact(Purse()) == artifact
    assert (artifact.folder / name).read_bytes() == content
    assert told == ["compiling purse-l1"] * 2


def test_a_witness_is_refused_by_the_name_of_the_rule(tmp_path: Path) -> None:
    program = write_artifact(Purse(), tmp_path / "circuit").load_program("reference")
    inputs: dict[str, int | list[int]] = {"root": 1, "limit": 5, "amount": 6, "salt": 7, "path": list(range(8))}
    with pytest.raises(RejectedError) as refusal:
        program.execute(inputs)
    assert refusal.value.field == "path_holds_leaf"
    assert "6" not in str(refusal.value)


def test_recorded_sizes_are_found_by_name_and_shape(tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    rows = ["statement,shape,constraints,wires,hash", "purse,levels=1;bits=16,450,460,ab", "preimage,,240,243,cd", ""]
    table.write_text("\n".join(rows))
    assert find_size(Purse(), table) == Size(450, "ab")
    assert find_size(Purse(2), table) is None
    assert find_size(Purse(), tmp_path / "nowhere.csv") is None
