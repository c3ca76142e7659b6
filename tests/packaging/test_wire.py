"""The description of the wire, and what is generated from it."""

import re
from pathlib import Path
from typing import cast

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from packaging.requirements import Requirement
from packaging.version import Version

from tests.packaging.sources import REPOSITORY, read_project
from tests.packaging.wire_reference import PAGE, PROTOS, describe_wire, list_rules, render_reference, run_protoc

SERVICES = [path for path in PROTOS if path.stem.endswith("_service")]
GENERATED = sorted((REPOSITORY / "ringfence" / "v1").glob("*_pb2*.py*"))
FLOATING = (FieldDescriptorProto.TYPE_DOUBLE, FieldDescriptorProto.TYPE_FLOAT)
MESSAGES, FIELDS = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, 2


@pytest.fixture(scope="module")
def described() -> FileDescriptorSet:
    """Every file of the wire, with its comments."""
    return describe_wire()


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
    run_protoc(PROTOS, f"--python_out={tmp_path}", f"--pyi_out={tmp_path}")
    run_protoc(SERVICES, f"--grpc_python_out={tmp_path}", f"--mypy_grpc_out=quiet:{tmp_path}")
    fresh = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "ringfence" / "v1").iterdir()}
    assert {path.name: path.read_text(encoding="utf-8") for path in GENERATED} == fresh


@pytest.mark.parametrize(
    ("library", "pattern", "made"),
    [
        ("protobuf", "*_pb2.py", r"^# Protobuf Python Version: (\S+)$"),
        ("grpcio", "*_pb2_grpc.py", r"^GRPC_GENERATED_VERSION = '(\S+)'$"),
    ],
)
def test_the_oldest_library_allowed_can_read_what_is_generated(library: str, pattern: str, made: str) -> None:
    requirements = map(Requirement, cast("list[str]", read_project()["project"]["dependencies"]))
    allowed = next(requirement.specifier for requirement in requirements if requirement.name == library)
    oldest = min(Version(clause.version) for clause in allowed if clause.operator == ">=")
    generated = [path for path in GENERATED if path.match(pattern)]
    assert generated
    for path in generated:
        made_by = re.search(made, path.read_text(encoding="utf-8"), re.MULTILINE)
        assert made_by is not None
        assert Version(made_by[1]) <= oldest


def test_the_reference_says_what_the_wire_is(described: FileDescriptorSet) -> None:
    assert PAGE.read_text(encoding="utf-8") == render_reference(described), "make protos writes docs/wire.md anew"


def test_every_method_says_who_may_call_it(described: FileDescriptorSet) -> None:
    methods = {method: rule for file in described.file for method, rule in list_rules(file)}
    assert methods
    assert sorted(method for method, roles in methods.items() if not roles or "ROLE_UNSPECIFIED" in roles) == []
