"""The description of the wire, and what is generated from it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from packaging.requirements import Requirement
from packaging.version import Version

from tests.packaging.sources import REPOSITORY, read_project

PROTOS = sorted((REPOSITORY / "protos").rglob("*.proto"))
GENERATED = sorted((REPOSITORY / "ringfence" / "v1").glob("*_pb2.py*"))
FLOATING = (FieldDescriptorProto.TYPE_DOUBLE, FieldDescriptorProto.TYPE_FLOAT)
MESSAGES, FIELDS = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, 2


def run_protoc(*options: str) -> None:
    """Compile every proto of the project."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={REPOSITORY / 'protos'}", *options]
    subprocess.run([*command, *map(str, PROTOS)], check=True)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    """Every file of the wire, with its comments."""
    path = tmp_path_factory.mktemp("described") / "wire.binpb"
    run_protoc("--include_source_info", f"--descriptor_set_out={path}")
    return FileDescriptorSet.FromString(path.read_bytes())


def undisclosed_fields(file: FileDescriptorProto) -> list[str]:
    """The fields whose comment does not say who may see them."""
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    return [
        f"{message.name}.{field.name}"
        for m, message in enumerate(file.message_type)
        for f, field in enumerate(message.field)
        if not re.search(r"\b(Public|Secret)\b", comments.get((MESSAGES, m, FIELDS, f), ""))
    ]


def test_every_field_says_who_may_see_it(described: FileDescriptorSet) -> None:
    assert described.file
    assert [field for file in described.file for field in undisclosed_fields(file)] == []


def test_no_field_is_a_floating_point_number(described: FileDescriptorSet) -> None:
    fields = [field for file in described.file for message in file.message_type for field in message.field]
    assert fields
    assert [field.name for field in fields if field.type in FLOATING] == []


def test_what_is_generated_is_current(tmp_path: Path) -> None:
    run_protoc(f"--python_out={tmp_path}", f"--pyi_out={tmp_path}")
    fresh = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "ringfence" / "v1").iterdir()}
    assert {path.name: path.read_text(encoding="utf-8") for path in GENERATED} == fresh


def test_the_oldest_protobuf_allowed_can_read_what_is_generated() -> None:
    requirements = map(Requirement, cast("list[str]", read_project()["project"]["dependencies"]))
    allowed = next(requirement.specifier for requirement in requirements if requirement.name == "protobuf")
    oldest = min(Version(clause.version) for clause in allowed if clause.operator == ">=")
    for path in GENERATED:
        made_by = re.search(r"^# Protobuf Python Version: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert path.suffix == ".pyi" or (made_by is not None and Version(made_by[1]) <= oldest)
