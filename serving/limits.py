"""How much a server takes on at once, and for how long; each bound with the attack that it is there for."""

from dataclasses import dataclass, fields
from typing import Final

from serving.errors import MalformedError, Reason

HIGHEST: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a server, in numbers, bytes and milliseconds."""

    threads: int = 16
    """Calls that are answered at once."""
    queue: int = 64
    """Calls that wait for a thread; one more is told to come again later."""
    refusals: int = 256
    """Refusals for want of room that are on their way at once; beyond them a call is cut off without details."""
    calls_per_caller: int = 12
    """Calls of one caller that are answered at once, so that one that sends slowly leaves threads to others."""
    streams: int = 8
    """Streams that are open at once: each has a thread for as long as it lasts."""
    message_bytes: int = 1 << 21
    """A request, and a response."""
    metadata_bytes: int = 8 << 10
    """All headers of a call."""
    streams_per_connection: int = 128
    """Calls that one connection has open at once; further ones wait at the caller."""
    receive_milliseconds: int = 10_000
    """For a message to arrive, or to be taken: who is slower is cut off."""
    call_milliseconds: int = 600_000
    """For a call that is no stream, whatever its deadline says."""
    stream_milliseconds: int = 3_600_000
    """For a stream; a watch is taken up again with its token."""
    retry_milliseconds: int = 200
    """When to come again, as a caller is told that found no room."""
    connection_milliseconds: int = 3_600_000
    """After so long a connection is closed gently, so that a certificate that was withdrawn is asked for again."""
    idle_connection_milliseconds: int = 300_000
    """A connection without a call is closed after so long."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            low = 0 if each.name == "queue" else 1
            if not low <= value < HIGHEST:
                expected = f"at least {low}, below 2^31"
                raise MalformedError(Reason.OUT_OF_BOUNDS, f"limits.{each.name}", found=value, expected=expected)

    @property
    def concurrent_calls(self) -> int:
        """All calls inside, whatever becomes of them."""
        return self.threads + self.queue + self.refusals

    @property
    def options(self) -> list[tuple[str, int]]:
        """As gRPC has them. Without compression: it makes large messages of small ones, and proofs do not shrink."""
        return [
            ("grpc.max_receive_message_length", self.message_bytes),
            ("grpc.max_send_message_length", self.message_bytes),
            ("grpc.max_metadata_size", self.metadata_bytes),
            ("grpc.absolute_max_metadata_size", self.metadata_bytes),
            ("grpc.max_concurrent_streams", self.streams_per_connection),
            ("grpc.max_connection_age_ms", self.connection_milliseconds),
            ("grpc.max_connection_idle_ms", self.idle_connection_milliseconds),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.http2.max_ping_strikes", 2),
            ("grpc.compression_enabled_algorithms_bitset", 1),
            ("grpc.so_reuseport", 0),
        ]
