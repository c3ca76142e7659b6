"""A connection for programs with threads: runs procedures, follows watches, exchanges streams.

with Connection(ConnectionSettings("127.0.0.1:50051", plaintext=True)) as connection:
    head = connection.ask(Log(anchor).head())
"""

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import grpc

from ringfence.client.errors import ClientError, read_status
from ringfence.client.exchange import Outstanding, take_token
from ringfence.client.patience import Patience
from ringfence.client.procedure import AskedT, Call, Change, Exchange, ItemT, Procedure, Result, Watch, name_request
from ringfence.client.settings import STREAM_SECONDS, ConnectionSettings


class Connection:
    """To one server; it may be used by many threads."""

    def __init__(self, settings: ConnectionSettings, pause: Callable[[float], object] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        credentials, options = settings.read_credentials(), settings.options
        self._channel = (
            grpc.insecure_channel(settings.address, options)
            if credentials is None
            else grpc.secure_channel(settings.address, credentials, options)
        )

    def ask(self, procedure: Procedure[Result]) -> Result:
        """Make the calls of a procedure and return what it has checked."""
        response: object = None
        try:
            while True:
                response = self._send(procedure.send(response))
        except StopIteration as over:
            result: Result = over.value
            return result
        finally:
            procedure.close()

    def follow(self, watch: Watch[ItemT], token: str = "") -> Iterator[Change[ItemT]]:
        """Changes from a token on, until the caller has seen enough; a stream that breaks is taken up again."""
        patience = Patience(self._settings.attempts)
        open_stream: Any = self._channel.unary_stream(
            watch.method, lambda message: message.SerializeToString(), watch.response.FromString
        )
        while True:
            stream = open_stream(watch.begin(token), metadata=name_request())
            try:
                for message in stream:
                    item = self.ask(watch.take(message))
                    token = take_token(message)
                    patience.restore()
                    if item is not None or watch.with_signs:
                        yield Change(item, token)  # type: ignore[arg-type] # such a watch is one of items or None
                self._pause(patience.spend(None))
            except grpc.RpcError as error:
                self._pause(patience.spend(error_of(error)))
            except ClientError as error:
                self._pause(patience.spend(error))
            finally:
                stream.cancel()

    def exchange(self, exchange: Exchange[AskedT, Result], items: Iterable[AskedT]) -> Iterator[tuple[AskedT, Result]]:
        """Answers to many questions over one stream, each with its question, as they come."""
        outstanding = Outstanding(exchange)
        call: Any = self._channel.stream_stream(
            exchange.method, lambda message: message.SerializeToString(), exchange.response.FromString
        )
        stream = call(outstanding.requests(items), timeout=STREAM_SECONDS, metadata=name_request())
        try:
            for message in stream:
                yield from outstanding.take(message)
            outstanding.require_done()
        except grpc.RpcError as error:
            raise error_of(error) from None
        finally:
            stream.cancel()

    def close(self) -> None:
        """End it, with whatever is under way."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call[Any]) -> object:
        method: Any = self._channel.unary_unary(
            call.method, lambda message: message.SerializeToString(), call.response.FromString
        )
        try:
            return method(
                call.request, timeout=min(call.seconds, self._settings.longest_seconds), metadata=name_request()
            )
        except grpc.RpcError as error:
            raise error_of(error) from None


def error_of(error: grpc.RpcError) -> ClientError:
    """What a call that failed tells; an error of gRPC is the call itself."""
    ended: Any = error
    return read_status(ended.code(), ended.trailing_metadata(), ended.details())
