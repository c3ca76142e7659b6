"""The same connection for programs on asyncio: the same procedures, the same checks.

async with AsyncConnection(settings) as connection:
    head = await connection.ask(Log(anchor).head())
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from ringfence.client.errors import ClientError, read_status
from ringfence.client.exchange import Outstanding, take_token
from ringfence.client.patience import Patience
from ringfence.client.procedure import AskedT, Call, Change, Exchange, ItemT, Procedure, Result, Watch, name_request
from ringfence.client.settings import STREAM_SECONDS, ConnectionSettings


class AsyncConnection:
    """To one server, within one event loop."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        credentials, options = settings.read_credentials(), settings.options
        self._channel = (
            grpc.aio.insecure_channel(settings.address, options)
            if credentials is None
            else grpc.aio.secure_channel(settings.address, credentials, options)
        )

    async def ask(self, procedure: Procedure[Result]) -> Result:
        """Make the calls of a procedure and return what it has checked."""
        response: object = None
        try:
            while True:
                response = await self._send(procedure.send(response))
        except StopIteration as over:
            result: Result = over.value
            return result
        finally:
            procedure.close()

    async def follow(self, watch: Watch[ItemT], token: str = "") -> AsyncIterator[Change[ItemT]]:
        """Changes from a token on, until the caller has seen enough; a stream that breaks is taken up again."""
        patience = Patience(self._settings.attempts)
        open_stream: Any = self._channel.unary_stream(
            watch.method, lambda message: message.SerializeToString(), watch.response.FromString
        )
        while True:
            stream = open_stream(watch.begin(token), metadata=name_request())
            try:
                async for message in stream:
                    item = await self.ask(watch.take(message))
                    token = take_token(message)
                    patience.restore()
                    if item is not None or watch.with_signs:
                        yield Change(item, token)  # type: ignore[arg-type] # such a watch is one of items or None
                await asyncio.sleep(patience.spend(None))
            except grpc.aio.AioRpcError as error:
                await asyncio.sleep(patience.spend(error_of(error)))
            except ClientError as error:
                await asyncio.sleep(patience.spend(error))
            finally:
                stream.cancel()

    async def exchange(
        self, exchange: Exchange[AskedT, Result], items: Iterable[AskedT]
    ) -> AsyncIterator[tuple[AskedT, Result]]:
        """Answers to many questions over one stream, each with its question, as they come."""
        outstanding = Outstanding(exchange)
        call: Any = self._channel.stream_stream(
            exchange.method, lambda message: message.SerializeToString(), exchange.response.FromString
        )
        stream = call(outstanding.requests(items), timeout=STREAM_SECONDS, metadata=name_request())
        try:
            async for message in stream:
                for answered in outstanding.take(message):
                    yield answered
            outstanding.require_done()
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from None
        finally:
            stream.cancel()

    async def close(self) -> None:
        """End it, with whatever is under way."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call[Any]) -> object:
        method: Any = self._channel.unary_unary(
            call.method, lambda message: message.SerializeToString(), call.response.FromString
        )
        seconds = min(call.seconds, self._settings.longest_seconds)
        try:
            return await method(call.request, timeout=seconds, metadata=name_request())
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from None


def error_of(error: grpc.aio.AioRpcError) -> ClientError:
    """What a call that failed tells."""
    return read_status(error.code(), tuple(error.trailing_metadata()), error.details())
