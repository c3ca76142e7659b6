"""What the project depends on: declared, locked with hashes, and accounted for."""

import re
import tomllib
from collections.abc import Iterable
from typing import cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.sources import REPOSITORY, list_files, read, read_project

LOCKS = ("run", "test", "dev")
IMAGE = ("serve", "build")
"""What is in an image, and what builds it."""
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def declared(group: str) -> list[Requirement]:
    """The direct requirements of ``run``, ``test`` or ``dev``, each group with those it builds on."""
    project = read_project()
    texts = list(cast("list[str]", project["project"]["dependencies"]))
    groups = cast("dict[str, list[str | dict[str, str]]]", project["dependency-groups"])
    for name in LOCKS[1 : LOCKS.index(group) + 1]:
        texts += [entry for entry in groups[name] if isinstance(entry, str)]
    return [Requirement(text) for text in texts]


def pins(lock: str) -> dict[str, set[str]]:
    """Every name of a lock file with its versions (more than one where they differ by Python version)."""
    found: dict[str, set[str]] = {}
    for name, version in PINNED.findall(read(f"requirements/{lock}.lock")):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def crates() -> Iterable[str]:
    """The crates that the workspace names itself."""
    for name in list_files():
        if name.parts[0] == "native" and name.name == "Cargo.toml":
            manifest = tomllib.loads(read(name))
            yield from manifest.get("dependencies", {})
            yield from manifest.get("dev-dependencies", {})
            for target in manifest.get("target", {}).values():
                yield from target.get("dependencies", {})


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_holds_what_is_declared(lock: str) -> None:
    locked = pins(lock)
    for requirement in declared(lock):
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in requirements/{lock}.lock: make lock"
        assert all(version in requirement.specifier for version in versions), f"{requirement}: locked {versions}"


def test_the_locks_of_an_image_hold_its_extras_and_what_builds_it() -> None:
    project = read_project()
    extras = cast("dict[str, list[str]]", project["project"]["optional-dependencies"])
    (named,) = re.findall(r"^EXTRAS := ([a-z ]+)#", read("Makefile"), re.MULTILINE)
    wanted = {Requirement(text).name for extra in named.split() for text in extras[extra]}
    assert {canonicalize_name(name) for name in wanted} <= pins("serve").keys()
    build = cast("dict[str, list[str]]", project["build-system"])["requires"]
    assert cast("dict[str, list[str]]", project["dependency-groups"])["build"] == build
    assert {canonicalize_name(Requirement(text).name) for text in build} <= pins("build").keys()


@pytest.mark.parametrize(
    ("smaller", "larger"), [("run", "test"), ("test", "dev"), ("run", "serve"), ("serve", "dev"), ("build", "dev")]
)
def test_the_locks_agree(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", read(f"requirements/{lock}.lock").strip())
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index_or_a_url(lock: str) -> None:
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", read(f"requirements/{lock}.lock")) == []


def test_every_direct_dependency_is_accounted_for() -> None:
    accounted = read("docs/dependencies.md")
    build = [Requirement(text) for text in cast("list[str]", read_project()["build-system"]["requires"])]
    names = {requirement.name for requirement in [*declared("dev"), *build]} | set(crates())
    assert sorted(name for name in names if f"| `{name}` |" not in accounted) == []


def test_nothing_is_accounted_for_that_is_gone() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", read("docs/dependencies.md"), re.MULTILINE))
    build = [Requirement(text) for text in cast("list[str]", read_project()["build-system"]["requires"])]
    names = {requirement.name for requirement in [*declared("dev"), *build]} | set(crates())
    assert sorted(rows - names) == []


def test_the_locks_are_the_only_ones() -> None:
    assert {path.name for path in (REPOSITORY / "requirements").iterdir()} == {
        f"{lock}.lock" for lock in (*LOCKS, *IMAGE)
    }
