"""Settings of a server: a dataclass says what there is, and four places what it is.

    flags  >  environment  >  file  >  defaults

Each of them has the same keys: ``limits.threads`` is ``[limits] threads = 8`` in the file, ``limits.threads=8`` as a
flag, and ``RINGFENCE_LIMITS__THREADS=8`` in the environment. A key that there is not is an error wherever it stands.
Secrets are never settings: files are named that hold them.
"""

import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

from serving.errors import MalformedError, Reason
from serving.last_good import read_file

LARGEST_FILE: Final = 1 << 20
PREFIX: Final = "RINGFENCE_"
LEVEL: Final = "__"
OTHER_VARIABLES: Final = frozenset(f"{PREFIX}{name}" for name in ("BACKEND", "CACHE", "CONFIG", "SHARED", "TRACEBACK"))
"""Of the environment, that are no settings of a server."""

S = TypeVar("S")
Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configuration(Generic[S]):
    """Settings, and for each of them the place that it came from."""

    settings: S
    sources: Mapping[str, str]

    def render(self) -> str:
        """All settings as a file would have them, each with where it came from; this very text can be read again."""
        lines: list[str] = []
        table = ""
        for key, value in flatten(self.settings):
            above, _, name = key.rpartition(".")
            if above != table:
                lines += ["", f"[{above}]"] if lines else [f"[{above}]"]
                table = above
            lines.append(f"{name} = {render_value(value)}  # {self.sources[key]}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Key:
    """A setting by its dotted name."""

    name: str
    kind: type
    default: Value | Path | None
    is_required: bool


@dataclass(slots=True)
class Layer:
    """What one place says, still unread."""

    source: str
    said: dict[str, object] = field(default_factory=dict)


def read_configuration(
    kind: type[S],
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Configuration[S]:
    """Settings of a kind from all four places, checked to the last key."""
    keys = {key.name: key for key in list_keys(kind)}
    layers = [read_flags(flags), read_environment(environment or {}), read_settings_file(file)]
    for layer in layers:
        if strange := sorted(layer.said.keys() - keys.keys()):
            raise MalformedError(
                Reason.UNKNOWN_KEY,
                strange[0],
                found=f"another key ({layer.source})",
                expected=f"one of {', '.join(keys)}",
            )
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for key in keys.values():
        values[key.name], sources[key.name] = choose(key, layers)
    return Configuration(build(kind, values), sources)


def choose(key: Key, layers: Sequence[Layer]) -> tuple[object, str]:
    """The value of a key and where it came from: the first place that has one."""
    for layer in layers:
        if key.name in layer.said:
            return read_value(key, layer.said[key.name], as_text=layer.source != "file"), layer.source
    if key.is_required:
        raise MalformedError(Reason.MISSING_KEY, key.name, found="nothing", expected=f"a value, in {key.name}")
    return key.default, "default"


# --- The four places ---------------------------------------------------------------------------------


def read_flags(flags: Sequence[str]) -> Layer:
    """``key=value``, as often as wanted; the last one of a key holds."""
    layer = Layer("flag")
    for flag in flags:
        name, separator, value = flag.partition("=")
        if not separator:
            raise MalformedError(Reason.NOT_READABLE, "flag", found=name, expected="KEY=VALUE")
        layer.said[name] = value
    return layer


def read_environment(environment: Mapping[str, str]) -> Layer:
    """Variables with the prefix, two underscores between levels."""
    layer = Layer("environment")
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES:
            layer.said[name.removeprefix(PREFIX).lower().replace(LEVEL, ".")] = value
    return layer


def read_settings_file(file: Path | None) -> Layer:
    """A TOML file."""
    layer = Layer("file")
    if file is None:
        return layer
    try:
        content = tomllib.loads(read_file(file, "config", LARGEST_FILE).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise MalformedError(Reason.NOT_READABLE, "config", found="something else", expected="a TOML file") from None
    layer.said = dict(flatten_tables(content, ""))
    return layer


def flatten_tables(content: Mapping[str, object], above: str) -> Iterator[tuple[str, object]]:
    """Dotted names of what is in tables."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from flatten_tables(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


# --- What there is -----------------------------------------------------------------------------------


def list_keys(kind: type, above: str = "") -> Iterator[Key]:
    """The settings of a dataclass, those of inner dataclasses with a dot."""
    hints = typing.get_type_hints(kind)
    for each in fields(kind):
        name, declared = f"{above}{each.name}", hints[each.name]
        if is_dataclass(declared):
            yield from list_keys(cast("type", declared), f"{name}.")
            continue
        default: Any = None if each.default is MISSING else each.default
        yield Key(name, without_none(declared), default, each.default is MISSING)


def without_none(declared: Any) -> type:  # noqa: ANN401 - an annotation
    """The kind of a setting that may be left out."""
    if isinstance(declared, types.UnionType):
        (declared,) = (part for part in typing.get_args(declared) if part is not types.NoneType)
    return cast("type", typing.get_origin(declared) or declared)


def build(kind: type[S], values: Mapping[str, object], above: str = "") -> S:
    """The dataclass of flat values."""
    hints = typing.get_type_hints(kind)
    arguments = {
        each.name: build(hints[each.name], values, f"{above}{each.name}.")
        if is_dataclass(hints[each.name])
        else values[f"{above}{each.name}"]
        for each in fields(cast("Any", kind))
    }
    return kind(**arguments)


def flatten(settings: object, above: str = "") -> Iterator[tuple[str, object]]:
    """Flat values of a dataclass; those that were left out are not said."""
    inner = []
    for each in fields(cast("Any", settings)):
        value = getattr(settings, each.name)
        if is_dataclass(value):
            inner.append((value, f"{above}{each.name}."))
        elif value is not None:
            yield f"{above}{each.name}", value
    for value, name in inner:
        yield from flatten(value, name)


# --- Values ------------------------------------------------------------------------------------------


def read_value(key: Key, said: object, *, as_text: bool) -> object:
    """A value of the kind that its key takes."""
    read = TEXTS[key.kind] if as_text else TABLES[key.kind]
    try:
        return read(said)
    except (ValueError, TypeError):
        expected = EXPECTED[key.kind]
        raise MalformedError(Reason.WRONG_KIND, key.name, found="something else", expected=expected) from None


def require_kind(*kinds: type) -> Callable[[Any], Any]:
    """A value that is of one of the kinds already; true is not 1."""

    def require(value: object) -> object:
        if type(value) not in kinds:
            raise TypeError
        return value

    return require


def read_switch(text: str) -> bool:
    """True or false, spelled so."""
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def read_list(text: str) -> tuple[str, ...]:
    """Texts with commas between them; nothing is none."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


def require_texts(value: object) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(map(require_kind(str), require_kind(list)(value)))


TEXTS: Final[Mapping[type, Callable[[Any], Any]]] = {
    str: str,
    int: int,
    bool: read_switch,
    Path: Path,
    tuple: read_list,
}
TABLES: Final[Mapping[type, Callable[[Any], Any]]] = {
    str: require_kind(str),
    int: require_kind(int),
    bool: require_kind(bool),
    Path: lambda value: Path(require_kind(str)(value)),
    tuple: require_texts,
}
EXPECTED: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    Path: "the path of a file",
    tuple: "a list of texts",
}


def render_value(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(render_value, value))}]"
    return '"' + "".join(map(escape, str(value))) + '"'


def escape(character: str) -> str:
    """A character within quotes."""
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
