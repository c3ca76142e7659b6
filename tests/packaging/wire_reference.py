"""The page of reference of the wire, of the protos and their comments: ``python -m tests.packaging.wire_reference``."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from ringfence.v1 import access_pb2
from serving.roles import ACCESS
from tests.packaging.sources import REPOSITORY

PAGE = REPOSITORY / "docs" / "wire.md"
PROTOS = sorted((REPOSITORY / "protos").rglob("*.proto"))
PACKAGE = ".ringfence.v1."
MESSAGE, ENUM, SERVICE = 4, 5, 6
"""The numbers that messages, enums and services have in a file's description; places of comments are made of them."""
INNER = 2
"""The number of a message's fields, an enum's values and a service's methods."""
SYNTAX = (12,)
HEAD = """# The wire

<!-- Generated from protos/ by `make protos`. -->

What every method and every field of `ringfence.v1` means, whom it is for, and within which bounds, as
`protos/ringfence/v1/` says it. Roles are given to callers by their certificates, see [Serving](serving.md); a method
without a role in this page could be called by nobody.

This is the agreement that servers and [clients](client.md) are built on, in any language.
"""

Comments = Mapping[tuple[int, ...], str]


def run_protoc(protos: Iterable[Path], *options: str) -> None:
    """Compile protos with the plug-ins of this environment."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={REPOSITORY / 'protos'}", *options]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    subprocess.run([*command, *map(str, protos)], check=True, env=os.environ | {"PATH": path})


def describe_wire() -> FileDescriptorSet:
    """Every file of the wire, with its comments."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wire.binpb"
        run_protoc(PROTOS, "--include_source_info", f"--descriptor_set_out={path}")
        return FileDescriptorSet.FromString(path.read_bytes())


def list_rules(file: FileDescriptorProto) -> Iterator[tuple[str, list[str]]]:
    """Every method with the roles that may call it."""
    for service in file.service:
        for method in service.method:
            roles = method.options.Extensions[ACCESS].roles
            yield f"{file.package}.{service.name}/{method.name}", [access_pb2.Role.Name(role) for role in roles]


def render_reference(described: FileDescriptorSet) -> str:
    """The page."""
    files = sorted(described.file, key=lambda file: (not file.service, file.name))
    return "\n".join([HEAD, *(part for file in files for part in render_file(file))])


def render_file(file: FileDescriptorProto) -> Iterator[str]:
    """Services first, then messages, then enums."""
    comments = {tuple(at.path): at.leading_comments or "" for at in file.source_code_info.location}
    yield f"## {Path(file.name).name}\n"
    if conventions := "".join(detached(file)):
        yield conventions
    for place, service in enumerate(file.service):
        yield render_service(service, (SERVICE, place), comments)
    for place, message in enumerate(file.message_type):
        yield render_message(message, (MESSAGE, place), comments)
    for place, enum in enumerate(file.enum_type):
        yield render_enum(enum, (ENUM, place), comments)


def detached(file: FileDescriptorProto) -> Iterator[str]:
    """What stands before the package: what the file is about, and its conventions."""
    for at in file.source_code_info.location:
        if tuple(at.path) == (INNER,):
            yield "\n".join(line.removeprefix(" ") for line in at.leading_comments.splitlines()) + "\n"


def render_service(service: ServiceDescriptorProto, at: tuple[int, ...], comments: Comments) -> str:
    """A table of methods with who may call them."""
    rows = [
        (f"`{method.name}`", render_call(method), render_roles(method), join(comments[(*at, INNER, place)]))
        for place, method in enumerate(service.method)
    ]
    return render_table(service.name, join(comments[at]), ("method", "request and response", "roles", ""), rows)


def render_call(method: MethodDescriptorProto) -> str:
    """What goes in and what comes out."""
    request = render_stream(streams=method.client_streaming) + link(method.input_type)
    return f"{request} → {render_stream(streams=method.server_streaming)}{link(method.output_type)}"


def render_stream(*, streams: bool) -> str:
    """Whether there are many of them."""
    return "stream of " if streams else ""


def render_roles(method: MethodDescriptorProto) -> str:
    """The roles as the configuration of a server writes them."""
    roles = method.options.Extensions[ACCESS].roles
    return ", ".join(access_pb2.Role.Name(role).removeprefix("ROLE_").lower() for role in roles)


def render_message(message: DescriptorProto, at: tuple[int, ...], comments: Comments) -> str:
    """A table of fields."""
    rows = [
        (str(field.number), f"`{field.name}`", render_kind(field, message), join(comments[(*at, INNER, place)]))
        for place, field in enumerate(message.field)
    ]
    return render_table(message.name, join(comments[at]), ("no.", "field", "type", ""), rows)


def render_kind(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    """What a field holds."""
    kind = link(field.type_name) or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    many = "list of " if field.label == FieldDescriptorProto.LABEL_REPEATED else ""
    choice = f", one of `{message.oneof_decl[field.oneof_index].name}`" if field.HasField("oneof_index") else ""
    return f"{many}{kind}{choice}"


def render_enum(enum: EnumDescriptorProto, at: tuple[int, ...], comments: Comments) -> str:
    """A table of values."""
    rows = [
        (str(value.number), f"`{value.name}`", join(comments[(*at, INNER, place)]))
        for place, value in enumerate(enum.value)
    ]
    return render_table(enum.name, join(comments[at]), ("no.", "value", ""), rows)


def render_table(name: str, meaning: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading, what it is, and what is in it."""
    if not rows:
        return f"### {name}\n\n{meaning}\n"
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {name}\n\n{meaning}\n\n{table}\n"


def link(name: str) -> str:
    """A message or an enum of the page by its heading."""
    short = name.removeprefix(PACKAGE)
    return f"[{short}](#{short.lower()})" if short else ""


def join(comment: str) -> str:
    """A comment on one line, with nothing in it that a table would take for its own."""
    return " ".join(comment.split()).replace("|", "\\|").replace("->", "→")


if __name__ == "__main__":
    PAGE.write_text(render_reference(describe_wire()), encoding="utf-8")
