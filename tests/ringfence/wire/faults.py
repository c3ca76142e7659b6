"""A good message with one field at a time made worse, in every way in which a field of its kind can be."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from margin.errors import MalformedError
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

ELEMENTS = {
    *("book_root", "market_root", "lock_root", "position_tag", "nullifiers", "context", "policy", "root"),
    *("commitment", "lock_owner", "owner", "position_id", "body", "salt"),
    *("leaf", "leaves", "bankrupt", "entries"),
}
"""The fields whose 32 bytes are below r."""

Fault = tuple[str, str, Message]
Put = Callable[[object], Message]


def faults(message: Message) -> Iterator[Fault]:
    """Path, what was done there, and the whole message with it."""
    return inner_faults(message, "", lambda changed: changed)


def inner_faults(message: Message, above: str, whole: Callable[[Message], Message]) -> Iterator[Fault]:
    for field, value in message.ListFields():
        path = f"{above}.{field.name}" if above else field.name
        if field.is_repeated:
            for place, item in enumerate(value):
                yield from value_faults(field, item, f"{path}[{place}]", putter(message, field.name, whole, place))
        else:
            yield from value_faults(field, value, path, putter(message, field.name, whole, None))


def putter(message: Message, name: str, whole: Callable[[Message], Message], place: int | None) -> Put:
    """What gives the whole message with another value in one place; None leaves it out."""

    def put(value: object) -> Message:
        changed = type(message)()
        changed.CopyFrom(message)
        if place is not None:
            items = list(getattr(changed, name))
            items[place] = value
            changed.ClearField(name)
            getattr(changed, name).extend(items)
        elif value is None:
            changed.ClearField(name)
        elif isinstance(value, Message):
            getattr(changed, name).CopyFrom(value)
        else:
            setattr(changed, name, value)
        return whole(changed)

    return put


def value_faults(field: FieldDescriptor, value: Any, path: str, put: Put) -> Iterator[Fault]:  # noqa: ANN401
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        if not field.is_repeated:
            choice = field.containing_oneof
            missed = path if choice is None else f"{path.removesuffix(field.name)}{choice.name}"
            yield missed, "absent", put(None)
        yield from inner_faults(value, path, put)
        return
    for how, worse in worse_values(field, value):
        yield path, how, put(worse)


def worse_values(field: FieldDescriptor, value: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401
    match field.type:
        case FieldDescriptor.TYPE_BYTES:
            yield "empty", b""
            yield "zeros", bytes(len(value))
            yield "shorter", value[:-1]
            yield "longer", value + b"\x01"
            if field.name in ELEMENTS:
                yield "not reduced", (int.from_bytes(value, "big") + GROUP_ORDER).to_bytes(FIELD_BYTES, "big")
        case FieldDescriptor.TYPE_STRING:
            yield "empty", ""
            yield "too long", "x" * 40_000
            yield "padded", f" {value}"
        case FieldDescriptor.TYPE_ENUM:
            yield "not said", 0
            yield "of a later version", 99
        case FieldDescriptor.TYPE_BOOL:
            yield "other", not value
        case _:
            yield "zero", 0
            bits = 32 if field.type == FieldDescriptor.TYPE_UINT32 else 64
            yield "largest", 2**bits - 1


def taken(message: Message, read: Callable[[Any], object]) -> set[tuple[str, str]]:
    """The faults that are read all the same; every other is refused as malformed, with the path of its field."""
    through = set()
    for path, how, faulty in faults(message):
        refused = refused_field(faulty, read)
        if refused is None:
            through.add((path, how))
        else:
            assert refused == path, how
    return through


def refused_field(message: Message, read: Callable[[Any], object]) -> str | None:
    """The field for which a message is refused as malformed, if it is."""
    try:
        read(message)
    except MalformedError as error:
        return error.field
    return None
