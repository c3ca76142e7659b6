"""A chain as its nodes tell it: bounded answers in bounded time, and nothing that several of them don't agree on.

    endpoint     one node: a connection that is opened again where it broke, and asked for the chain's number each time
    chain        one or more endpoints; whoever only reads is answered by the first that answers, and what has to be so
                 (which block is final, what a contract holds at it) is asked of all of them
    listener     is told where a node fails, as whoever asked may have been answered by another one

An answer that is too long, too late, no JSON-RPC or not of the question is none. The address of an endpoint can hold a
key, so that an endpoint is spoken of by its place in the list alone.
"""

import base64
import http.client
import json
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cached_property, partial
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast
from urllib.parse import SplitResult, unquote, urlsplit

from facts.bounds import require_chain_id
from margin.errors import InternalError, MalformedError, MarginError, MisuseError, Reason, RejectedError

if TYPE_CHECKING:
    from chains.library import Web3

HASH_BYTES: Final = 32
ADDRESS_BYTES: Final = 20
WORD_BYTES: Final = 32
NUMBER_BITS: Final = 63
NUMBER: Final = re.compile(r"0x[0-9a-fA-F]{1,16}", re.ASCII)
BYTES: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
CHUNK_BYTES: Final = 1 << 16
JSON_RPC: Final = "2.0"
STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
MOST_LEVELS: Final = 32
OK: Final = 200
MOST_ENDPOINTS: Final = 8
FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an endpoint is given."""

    answer_bytes: int = 1 << 24
    seconds: float = 15.0
    """For one question, from the first byte there to the last byte back."""
    attempts: int = 4
    """How often a question is asked that nobody answers."""
    blocks: int = 2_000
    """Of so many the logs are asked for at once; fewer where a node refuses."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block by what names it."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class ChainLog:
    """What a contract wrote into a block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: bytes
    place: int
    """Among all logs of its block."""


class NodeRefusedError(InternalError):
    """A node answered that it does not: by a code, whose words may hold anything and are not repeated."""

    code: int = 0

    @classmethod
    def of(cls, endpoint: str, error: object) -> Self:
        """By what a node said."""
        code = read_code(error)
        refused = cls(Reason.CHAIN_UNAVAILABLE, endpoint, found=f"error {code}", expected="an answer")
        refused.code = code
        return refused


class TooMuchError(InternalError):
    """An answer that is longer, or takes longer, than it may: less can be asked for."""

    is_late: bool = False

    @classmethod
    def of(cls, endpoint: str, *, is_late: bool, expected: str) -> Self:
        """By what was too much."""
        found = "no whole answer" if is_late else "a longer answer"
        too_much = cls(Reason.CHAIN_UNAVAILABLE, endpoint, found=found, expected=expected)
        too_much.is_late = is_late
        return too_much


# --- One node --------------------------------------------------------------------------------------------


class Endpoint:
    """One node, which one thread asks at a time."""

    def __init__(self, url: str, name: str, chain_id: int, limits: Limits, *, is_plaintext_allowed: bool) -> None:
        self.name = name
        self._place = read_url(url, name, is_plaintext_allowed=is_plaintext_allowed)
        self._chain_id = chain_id
        self._limits = limits
        self._connection: http.client.HTTPConnection | None = None
        self._turn = threading.Lock()
        self._numbers = count(1)

    def ask(self, method: str, *params: object, is_divisible: bool = False) -> Any:  # noqa: ANN401 - any JSON
        """The result; asked again where nobody answered, not where the node said no."""
        response = self.request(method, params, is_divisible=is_divisible)
        if "error" in response:
            raise NodeRefusedError.of(self.name, response["error"])
        return response["result"]

    def request(self, method: str, params: object, *, is_divisible: bool = False) -> dict[str, Any]:
        """The whole response, a result or an error; where less can be asked for, what is late is not asked again."""
        left, wait = self._limits.attempts, FIRST_WAIT_SECONDS
        while True:
            left -= 1
            try:
                return self._request(method, params)
            except InternalError as error:
                is_too_much = isinstance(error, TooMuchError) and (is_divisible or not error.is_late)
                if left <= 0 or is_too_much or isinstance(error, NodeRefusedError):
                    raise
            time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - many that wait are not to come back at once
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def close(self) -> None:
        """Give up the connection."""
        with self._turn:
            self._drop()

    def _request(self, method: str, params: object) -> dict[str, Any]:
        with self._turn:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                    self._require_chain()
                return self._exchange(method, params)
            except TimeoutError:
                self._drop()
                raise TooMuchError.of(self.name, is_late=True, expected=f"one in {self._limits.seconds} s") from None
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                raise self._unavailable(type(error).__name__) from None
            except MarginError:
                self._drop()
                raise

    def _connect(self) -> http.client.HTTPConnection:
        seconds, host, port = self._limits.seconds, self._place.hostname or "", self._place.port
        if self._place.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=seconds)

    @contextmanager
    def _in_time(self, connection: http.client.HTTPConnection) -> Iterator[float]:
        """Until when there is time: a socket waits for each byte anew, so that another thread cuts it off then."""
        deadline = time.monotonic() + self._limits.seconds
        timer = threading.Timer(self._limits.seconds, cut_off, [connection])
        timer.start()
        try:
            yield deadline
        except (OSError, http.client.HTTPException) as error:
            raise TimeoutError if time.monotonic() >= deadline else error from None
        finally:
            timer.cancel()

    def _require_chain(self) -> None:
        """At every new connection: who answers there may be another one than before."""
        response = self._exchange("eth_chainId", ())
        if "error" in response:
            raise NodeRefusedError.of(self.name, response["error"])
        found = read_number(response["result"], f"{self.name}.chain_id")
        if found != self._chain_id:
            expected = f"a node of chain {self._chain_id}"
            raise RejectedError(Reason.WRONG_CONTEXT, f"{self.name}.chain_id", found=found, expected=expected)

    def _exchange(self, method: str, params: object) -> dict[str, Any]:
        """One question there, one answer back, over the connection that there is."""
        number = next(self._numbers)
        asked = {"jsonrpc": JSON_RPC, "id": number, "method": method, "params": params}
        connection = cast("http.client.HTTPConnection", self._connection)
        with self._in_time(connection) as deadline:
            connection.request("POST", path_of(self._place), json.dumps(asked).encode(), headers_of(self._place))
            with connection.getresponse() as response:
                status, data = response.status, self._read(response, deadline)
        try:
            answer: Any = json.loads(data) if is_shallow(data) else None
        except ValueError:
            raise self._unavailable(f"status {status}, no JSON") from None
        is_answer = isinstance(answer, dict) and answer.get("jsonrpc") == JSON_RPC
        if not is_answer or ("result" in answer) == ("error" in answer):
            raise self._unavailable(f"status {status}, no JSON-RPC")
        if "result" in answer and (status != OK or answer.get("id") != number):
            raise self._unavailable(f"status {status}, an answer to something else")
        return cast("dict[str, Any]", answer)

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """All of an answer, if it is not too long and not too late."""
        data = bytearray()
        while chunk := response.read1(CHUNK_BYTES):
            data += chunk
            if len(data) > self._limits.answer_bytes:
                expected = f"at most {self._limits.answer_bytes} bytes"
                raise TooMuchError.of(self.name, is_late=False, expected=expected)
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(data)

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None

    def _unavailable(self, found: str) -> InternalError:
        return InternalError(Reason.CHAIN_UNAVAILABLE, self.name, found=found, expected="an answer of a node")


def is_shallow(data: bytes) -> bool:
    """Whether JSON is no deeper than answers of nodes are; the library goes into it as deep as the stack may be wide.

    Without its strings only brackets are left, of which each round takes the innermost pairs away.
    """
    brackets = STRING.sub(b"", data).translate(None, NO_BRACKETS)
    for _ in range(MOST_LEVELS):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def cut_off(connection: http.client.HTTPConnection) -> None:
    """Whoever waits for a byte of this connection gets none any more."""
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


# --- What becomes of questions ---------------------------------------------------------------------------


@unique
class Fault(StrEnum):
    """What is the matter with a node."""

    NO_ANSWER = "no_answer"
    """None at all, none in time, or what no node says."""
    REFUSED = "refused"
    """It answers that it does not."""
    ANOTHER_CHAIN = "another_chain"
    CONTRADICTED = "contradicted"
    """At least as many other nodes say something else."""

    @classmethod
    def of(cls, error: MarginError) -> "Fault":
        """By how a question ended."""
        if isinstance(error, NodeRefusedError):
            return cls.REFUSED
        return cls.ANOTHER_CHAIN if error.reason is Reason.WRONG_CONTEXT else cls.NO_ANSWER


class Listener:
    """Is told what nodes say, and where they fail; may not raise, and should not take long. This one keeps nothing."""

    def heard(self, endpoint: str, block: Block) -> None:
        """A node told of a block, the newest or an old one."""

    def failed(self, endpoint: str, fault: Fault) -> None:
        """A node did not answer, also where another one did, or not as the others."""

    def found_final(self, number: int) -> None:
        """The newest block that all nodes have as final."""


# --- A chain ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Span:
    """Of how many blocks logs are asked for at once: what nodes take is found out by asking."""

    most: int
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.most

    def shrink(self, asked: int) -> None:
        """So many were too many."""
        self.now = max(1, asked // 2)

    def grow(self) -> None:
        """What was refused once is not refused for ever."""
        self.now = min(self.most, 2 * self.now)


class Chain:
    """A chain, asked through its endpoints; any number of threads may."""

    def __init__(self, endpoints: Sequence[Endpoint], chain_id: int, limits: Limits) -> None:
        self.chain_id = chain_id
        self.endpoints = tuple(endpoints)
        self._limits = limits
        self._span = Span(limits.blocks)
        self._listener = Listener()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up all connections."""
        for endpoint in self.endpoints:
            endpoint.close()

    def listen(self, listener: Listener) -> None:
        """Have somebody told what nodes say, and where they fail."""
        self._listener = listener

    @cached_property
    def web3(self) -> "Web3":
        """The same chain for whoever calls contracts and sends transactions."""
        from chains.provider import open_web3  # noqa: PLC0415 - slow to load, and not for those who only read

        return open_web3(self)

    def apart(self) -> tuple["Chain", ...]:
        """The same chain through each of its endpoints alone."""
        if len(self.endpoints) == 1:
            return (self,)
        alone = tuple(Chain([endpoint], self.chain_id, self._limits) for endpoint in self.endpoints)
        for each in alone:
            each.listen(self._listener)
        return alone

    # --- What the first endpoint says that answers -------------------------------------------------------

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON
        """The result of a method."""
        return self._first(lambda endpoint: endpoint.ask(method, *params))

    def request(self, method: str, params: object) -> dict[str, Any]:
        """The whole response of a method, with a result or an error."""
        return self._first(lambda endpoint: endpoint.request(method, params))

    def block(self, at: int | str) -> Block:
        """A block by its number, or by a tag such as ``latest``."""
        return self._first(lambda endpoint: ask_block(endpoint, at))

    def logs(
        self, address: bytes, topics: Sequence[bytes], first: int, last: int
    ) -> Iterator[tuple[int, list[ChainLog]]]:
        """The logs of a contract with one of these first topics: range after range, each with its last block."""
        while first <= last:
            until = min(last, first + self._span.now - 1)
            try:
                ask = partial(ask_logs, address=address, topics=topics, first=first, last=until)
                logs = self._first(ask, is_divisible=until > first)
            except (NodeRefusedError, TooMuchError):
                if until == first:
                    raise
                self._span.shrink(until - first + 1)
                continue
            yield until, logs
            self._span.grow()
            first = until + 1

    # --- What all endpoints have to agree on -------------------------------------------------------------

    def final_number(self, confirmations: int | None = None) -> int:
        """The highest block that every node has as final: by its own word, or so many blocks below its newest."""
        tag, depth = ("finalized", 0) if confirmations is None else ("latest", confirmations)
        blocks = [self._put(endpoint, lambda each: ask_block(each, tag)) for endpoint in self.endpoints]
        number = min(block.number for block in blocks) - depth
        self._listener.found_final(number)
        return number

    def agreed_block(self, number: int) -> Block:
        """A block that is the same for every node."""
        return self._agreed(f"block {number}", lambda endpoint: ask_block(endpoint, number))

    def agreed_call(self, address: bytes, data: bytes, block: Block) -> bytes:
        """What a contract answers at the very block that is meant, the same for every node."""
        return self._agreed(f"call at {block.number}", lambda endpoint: ask_call(endpoint, address, data, block))

    def _first(self, ask: Callable[[Endpoint], ResultT], *, is_divisible: bool = False) -> ResultT:
        """What the first says; the others are asked where it does not answer."""
        failure: MarginError | None = None
        for endpoint in self.endpoints:
            try:
                return self._put(endpoint, ask, is_divisible=is_divisible)
            except InternalError as error:
                failure = failure or error
        raise cast("MarginError", failure)

    def _agreed(self, name: str, ask: Callable[[Endpoint], ResultT]) -> ResultT:
        """What all say; where one does not answer nobody knows."""
        answers = [self._put(endpoint, ask) for endpoint in self.endpoints]
        if any(answer != answers[0] for answer in answers):
            for endpoint, answer in zip(self.endpoints, answers, strict=True):
                if 2 * answers.count(answer) <= len(answers):
                    self._listener.failed(endpoint.name, Fault.CONTRADICTED)
            expected = "the same answer of every endpoint"
            raise InternalError(Reason.CHAIN_REWRITTEN, name, found="different answers", expected=expected)
        return answers[0]

    def _put(self, endpoint: Endpoint, ask: Callable[[Endpoint], ResultT], *, is_divisible: bool = False) -> ResultT:
        """A question to one node; that it refuses what can be divided is how it is found out what it takes."""
        try:
            answer = ask(endpoint)
        except MarginError as error:
            if not (is_divisible and isinstance(error, NodeRefusedError | TooMuchError)):
                self._listener.failed(endpoint.name, Fault.of(error))
            raise
        if isinstance(answer, Block):
            self._listener.heard(endpoint.name, answer)
        return answer


def open_chain(
    urls: Sequence[str], chain_id: int, limits: Limits | None = None, *, is_plaintext_allowed: bool = False
) -> Chain:
    """A chain by the addresses of its nodes; in the open only on this machine, unless that is said to be well."""
    limits = limits or Limits()
    if not 1 <= len(urls) <= MOST_ENDPOINTS:
        raise MisuseError(Reason.WRONG_COUNT, "endpoints", found=len(urls), expected=f"1 to {MOST_ENDPOINTS} endpoints")
    endpoints = [
        Endpoint(url, f"endpoints[{place}]", chain_id, limits, is_plaintext_allowed=is_plaintext_allowed)
        for place, url in enumerate(urls)
    ]
    return Chain(endpoints, require_chain_id(chain_id), limits)


# --- Questions -------------------------------------------------------------------------------------------


def ask_block(endpoint: Endpoint, at: int | str) -> Block:
    """A block of one node."""
    named = hex(at) if isinstance(at, int) else at
    said = endpoint.ask("eth_getBlockByNumber", named, False)  # noqa: FBT003 - without its transactions
    if said is None:
        raise InternalError(
            Reason.CHAIN_UNAVAILABLE, endpoint.name, found=f"no block {named}", expected="a block that there is"
        )
    fields = require_fields(said, endpoint.name)
    block = Block(
        number=read_number(fields.get("number"), f"{endpoint.name}.number"),
        hash=read_bytes(fields.get("hash"), f"{endpoint.name}.hash", HASH_BYTES),
        parent=read_bytes(fields.get("parentHash"), f"{endpoint.name}.parentHash", HASH_BYTES),
        timestamp=read_number(fields.get("timestamp"), f"{endpoint.name}.timestamp"),
    )
    if isinstance(at, int) and block.number != at:
        raise unreadable(f"{endpoint.name}.number", f"block {at}")
    return block


def ask_logs(endpoint: Endpoint, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[ChainLog]:
    """The logs of one node in a range, each of what was asked for."""
    asked = {
        "address": spell(address),
        "topics": [[spell(topic) for topic in topics]],
        "fromBlock": hex(first),
        "toBlock": hex(last),
    }
    said = endpoint.ask("eth_getLogs", asked, is_divisible=last > first)
    if not isinstance(said, list):
        raise unreadable(f"{endpoint.name}.logs", "a list")
    logs = [read_log(each, f"{endpoint.name}.logs[{place}]") for place, each in enumerate(said)]
    for place, log in enumerate(logs):
        if log.address != address or log.topics[:1] not in [(topic,) for topic in topics]:
            raise unreadable(f"{endpoint.name}.logs[{place}]", "a log that was asked for")
        if not first <= log.block <= last:
            raise unreadable(f"{endpoint.name}.logs[{place}]", "a log of the blocks that were asked for")
    return logs


def ask_call(endpoint: Endpoint, address: bytes, data: bytes, block: Block) -> bytes:
    """What a contract answers at a block, by its hash and on the chain that the node follows."""
    at = {"blockHash": spell(block.hash), "requireCanonical": True}
    said = endpoint.ask("eth_call", {"to": spell(address), "data": spell(data)}, at)
    return read_bytes(said, f"{endpoint.name}.call")


# --- What nodes say --------------------------------------------------------------------------------------


def read_log(said: object, name: str) -> ChainLog:
    """A log, well formed, of a block that is there."""
    fields = require_fields(said, name)
    topics = fields.get("topics")
    if not isinstance(topics, list) or fields.get("removed") not in {False, None}:
        raise unreadable(name, "a log that stands")
    return ChainLog(
        address=read_bytes(fields.get("address"), f"{name}.address", ADDRESS_BYTES),
        topics=tuple(read_bytes(topic, f"{name}.topics", WORD_BYTES) for topic in topics),
        data=read_bytes(fields.get("data"), f"{name}.data"),
        block=read_number(fields.get("blockNumber"), f"{name}.blockNumber"),
        block_hash=read_bytes(fields.get("blockHash"), f"{name}.blockHash", HASH_BYTES),
        place=read_number(fields.get("logIndex"), f"{name}.logIndex"),
    )


def require_fields(said: object, name: str) -> dict[str, Any]:
    """An object."""
    if not isinstance(said, dict):
        raise unreadable(name, "an object")
    return said


def read_number(said: object, name: str) -> int:
    """A number as nodes write it."""
    if isinstance(said, str) and NUMBER.fullmatch(said) and (number := int(said, 16)) >> NUMBER_BITS == 0:
        return number
    raise unreadable(name, f"0x and hexadecimal digits, at most {NUMBER_BITS} bits")


def read_bytes(said: object, name: str, length: int | None = None) -> bytes:
    """Bytes as nodes write them."""
    if isinstance(said, str) and BYTES.fullmatch(said) and length in {None, len(said) // 2 - 1}:
        return bytes.fromhex(said[2:])
    raise unreadable(name, "0x and hexadecimal digits" if length is None else f"0x and {2 * length} of them")


def read_code(error: object) -> int:
    """The number of a refusal; 0 where there is none."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else 0


def unreadable(name: str, expected: str) -> InternalError:
    """What a node should not say."""
    return InternalError(Reason.CHAIN_UNAVAILABLE, name, found="something else", expected=expected)


def spell(data: bytes) -> str:
    """Bytes as nodes read them."""
    return f"0x{data.hex()}"


# --- Addresses of nodes ----------------------------------------------------------------------------------


def read_url(url: str, name: str, *, is_plaintext_allowed: bool) -> SplitResult:
    """The address of a node, of which no part is repeated: it can hold a key."""
    expected = "https://, or http:// to this machine"
    try:
        place = urlsplit(url)
        host, scheme = place.hostname, (place.scheme, place.port)[0]
    except ValueError:
        raise MalformedError(Reason.NOT_READABLE, name, found="something else", expected=expected) from None
    is_plain = scheme == "http" and (is_plaintext_allowed or host in LOCAL_NAMES)
    if not host or place.fragment or not (scheme == "https" or is_plain):
        raise MalformedError(Reason.NOT_READABLE, name, found="something else", expected=expected)
    return place


def path_of(place: SplitResult) -> str:
    """What is asked for at a node."""
    return (place.path or "/") + (f"?{place.query}" if place.query else "")


def headers_of(place: SplitResult) -> dict[str, str]:
    """What is sent along; a name and a password in an address are one of its headers."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if place.username is not None:
        shown = f"{unquote(place.username)}:{unquote(place.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(shown).decode()}"
    return headers
