"""Everything that happens to a call before and after the method that answers it, in one order.

    1  room        a thread or a place in the queue; else a refusal that says when to come again
    2  time        a call whose deadline is over, or whose caller has gone, is not begun
    3  caller      who calls, by the certificate; deny by default
    4  role        whether one of the caller's roles may call the method; deny by default
    5  share       whether the caller, and streams as a whole, have their share already
    6  message     received within its time, read, or refused
    7  method      in the time that a call may take
    8  answer      or the refusal, in words that give nothing away
    9  record      log, metrics and trace

Every method is taken up before its request has arrived, so that a caller that sends slowly is cut off by the clock
instead of keeping a thread. A stream lasts, and roles are taken back meanwhile: steps 3 and 4 are made again before
each of its messages, in both directions.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from serving.alarm import Alarm
from serving.call import CURRENT, REQUEST_ID_KEY, Call, Caller, choose_request_id, find_traceparent, require_time
from serving.errors import INTERNAL as INTERNAL_ANSWER
from serving.errors import STATUS_KEY, Answer, MalformedError, Reason, RejectedError, answer_to, encode_answer
from serving.limits import Limits
from serving.log import Event, Log
from serving.observation import EndedCall, Observer, end_of
from serving.pool import BoundedPool, Turnstile
from serving.roles import Callers, Rules, names_of, require_role

NOBODY: Final = Caller("", frozenset())
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
FoundHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Behaviour = Callable[[Iterator[bytes], grpc.ServicerContext], Any]


@dataclass(frozen=True, slots=True)
class Status(grpc.Status):
    """A status as gRPC takes it."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


class Interceptor(grpc.ServerInterceptor):
    """Stands before every method of a server."""

    def __init__(
        self,
        limits: Limits,
        pool: BoundedPool,
        *,
        callers: Callers,
        rules: Rules,
        observers: Sequence[Observer],
        log: Log,
        apart: frozenset[str] = frozenset(),
    ) -> None:
        """Methods that are ``apart`` have threads of their own: they answer when there is no room for others."""
        self._limits = limits
        self._pool = pool
        self._callers = callers
        self._rules = rules
        self._observers = observers
        self._log = log
        self._apart = apart
        self._alarm = Alarm()
        self._leaving = threading.Event()
        self._shares = Turnstile(limits.calls_per_caller)
        self._streams = Turnstile(limits.streams)
        self._refusing = ThreadPoolExecutor(1, "refusals")
        self._answering_apart = ThreadPoolExecutor(2, "apart")

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], FoundHandler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> FoundHandler:
        """The handler of a call with all of this around it; in the one thread that takes calls up, so never blocks."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if method in self._apart:
            return rewrap(handler, run_in(self._answering_apart, self._guard(method, handler)))
        if self._pool.is_full:
            return rewrap(handler, run_in(self._refusing, self._refuse(method, handler)))
        return rewrap(handler, self._guard(method, handler))

    def leave(self) -> None:
        """Streams that would last are to end by themselves."""
        self._leaving.set()

    def stop(self) -> None:
        """No calls come any more."""
        self._alarm.stop()
        self._refusing.shutdown(wait=False, cancel_futures=True)
        self._answering_apart.shutdown(wait=False, cancel_futures=True)

    # --- The two things that can become of a call ----------------------------------------------------

    def _refuse(self, method: str, handler: Handler) -> Behaviour:
        def refuse(_: Iterator[bytes], context: grpc.ServicerContext) -> object:
            with self._conduct(method, context):
                raise self._no_room(Reason.QUEUE_FULL, "room in the queue")

        return stream(refuse) if handler.response_streaming else refuse

    def _guard(self, method: str, handler: Handler) -> Behaviour:
        def answer(unread: Iterator[bytes], context: grpc.ServicerContext) -> object:
            with self._conduct(method, context) as call, self._admit(call, handler):
                return behaviour_of(handler)(self._argument(unread, call, handler), context)

        def answers(unread: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[object]:
            with self._conduct(method, context) as call, self._admit(call, handler):
                for response in behaviour_of(handler)(self._argument(unread, call, handler), context):
                    self._require_still(call)
                    with self._alarm.after(self._limits.receive_milliseconds, context.cancel):
                        yield response

        return answers if handler.response_streaming else answer

    # --- The steps -----------------------------------------------------------------------------------

    @contextmanager
    def _conduct(self, method: str, context: grpc.ServicerContext) -> Iterator["Conduct"]:
        """Turn what is raised into what the caller is told, and tell the observers."""
        conduct = Conduct(method, choose_request_id(context.invocation_metadata()), context)
        context.set_trailing_metadata(((REQUEST_ID_KEY, conduct.request_id),))
        if not context.add_callback(conduct.ended.set):
            conduct.ended.set()
        answer: Answer | None = CUT_OFF
        try:
            yield conduct
            answer = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller has to be told something
            answer = self._answer(error, conduct)
            context.abort_with_status(render_status(answer, conduct.request_id))
        finally:
            conduct.ended.set()
            self._record(conduct, answer)

    @contextmanager
    def _admit(self, conduct: "Conduct", handler: Handler) -> Iterator[None]:
        """Steps 2 to 5, and the time that a call may take."""
        context, limits = conduct.context, self._limits
        require_waiting(conduct)
        conduct.names = names_of(context)
        caller = conduct.caller = self._recognise(conduct)
        is_stream = handler.request_streaming or handler.response_streaming
        with ExitStack() as stack:
            stack.enter_context(self._shares.enter(caller.name, self._no_room(Reason.TOO_MANY_CALLS, "fewer calls")))
            if is_stream:
                refusal = self._no_room(Reason.TOO_MANY_STREAMS, "fewer streams")
                stack.enter_context(self._streams.enter("", refusal))
            longest = limits.stream_milliseconds if is_stream else limits.call_milliseconds
            stack.enter_context(self._alarm.after(longest, context.cancel))
            call = Call(conduct.method, conduct.request_id, caller, context, conduct.ended, self._leaving)
            token = CURRENT.set(call)
            try:
                yield
            finally:
                # Or the call would hold itself, and its stream stay open until the next collection. A stream that its
                # caller left halfway is closed by whoever finds it, and that one has no call to give back.
                with suppress(ValueError):
                    CURRENT.reset(token)

    def _recognise(self, conduct: "Conduct") -> Caller:
        """Steps 3 and 4: who calls, if it may."""
        caller = self._callers.identify_by(conduct.names)
        require_role(self._rules, conduct.method, caller)
        return caller

    def _require_still(self, conduct: "Conduct") -> None:
        """The caller of a stream is who it was, with all the roles by which it is told things."""
        began, now = conduct.caller, self._recognise(conduct)
        if now.name != began.name or not began.roles <= now.roles:
            retry = self._limits.retry_milliseconds
            found, expected = "roles of before", "a stream that is begun with the roles of now"
            raise RejectedError(Reason.NOT_READY, "", found=found, expected=expected, retry_milliseconds=retry)

    def _argument(self, unread: Iterator[bytes], conduct: "Conduct", handler: Handler) -> object:
        """Step 6: the message, or the messages as they come."""
        messages = self._receive(unread, conduct, handler)
        if handler.request_streaming:
            return self._still(messages, conduct)
        found = list(islice(messages, 2))
        if len(found) != 1:
            raise MalformedError(Reason.NOT_READABLE, "request", found=len(found), expected="one message")
        return found[0]

    def _receive(self, unread: Iterator[bytes], conduct: "Conduct", handler: Handler) -> Iterator[object]:
        while True:
            with self._alarm.after(self._limits.receive_milliseconds, conduct.context.cancel):
                data = next(unread, None)
            if data is None:
                return
            yield read_message(data, handler)

    def _still(self, messages: Iterator[object], conduct: "Conduct") -> Iterator[object]:
        """What a stream sends, for as long as its caller may."""
        for message in messages:
            self._require_still(conduct)
            yield message

    def _no_room(self, reason: Reason, expected: str) -> RejectedError:
        retry = self._limits.retry_milliseconds
        return RejectedError(reason, "", found="none", expected=expected, retry_milliseconds=retry)

    # --- What is told --------------------------------------------------------------------------------

    def _answer(self, error: Exception, conduct: "Conduct") -> Answer:
        if not conduct.context.is_active():
            return CUT_OFF
        answer = answer_to(error)
        if answer is INTERNAL_ANSWER:
            self._log.tell_error(
                Event.CALL_FAILED,
                error,
                method=conduct.method,
                request_id=conduct.request_id,
                caller=conduct.caller.name,
            )
        return answer

    def _record(self, conduct: "Conduct", answer: Answer | None) -> None:
        code, reason = end_of(answer)
        seconds = time.monotonic() - conduct.began
        caller, traceparent = conduct.caller.name, find_traceparent(conduct.context.invocation_metadata())
        ended = EndedCall(conduct.method, conduct.request_id, caller, code, reason, seconds, traceparent)
        for observer in self._observers:
            observer.call_ended(ended)


class Conduct:
    """What is known of a call while it is conducted."""

    def __init__(self, method: str, request_id: str, context: grpc.ServicerContext) -> None:
        self.method = method
        self.request_id = request_id
        self.context = context
        self.names: Sequence[str] = ()
        self.caller = NOBODY
        self.began = time.monotonic()
        self.ended = threading.Event()


CUT_OFF: Final = Answer(grpc.StatusCode.CANCELLED, Reason.CANCELLED, "rejected", "", "a caller that waits")
"""Of a call that ended before its answer: nobody is told."""


def require_waiting(conduct: Conduct) -> None:
    """Step 2: somebody waits, and has time left."""
    require_time(conduct.context)
    if conduct.ended.is_set():
        raise RejectedError(Reason.CANCELLED, "", found="nobody", expected="a caller that waits")


def read_message(data: bytes, handler: Handler) -> object:
    """The message in some bytes."""
    try:
        return handler.request_deserializer(data) if handler.request_deserializer else data
    except (DecodeError, RecursionError, ValueError):
        expected = "the message that this method takes"
        raise MalformedError(Reason.NOT_READABLE, "request", found="something else", expected=expected) from None


def render_status(answer: Answer, request_id: str) -> Status:
    """A status with its details and the id of the request."""
    details = encode_answer(answer, request_id).SerializeToString()
    return Status(answer.code, answer.message, ((STATUS_KEY, details), (REQUEST_ID_KEY, request_id)))


def behaviour_of(handler: Handler) -> Callable[[Any, grpc.ServicerContext], Any]:
    """The one of a handler's four functions that it has."""
    found = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    if found is None:
        raise TypeError("a handler without a function")
    return found


def rewrap(handler: Handler, behaviour: Behaviour) -> Handler:
    """A handler that takes a request as it arrives, whether it is one message or many."""
    if handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(behaviour, None, handler.response_serializer)
    return grpc.stream_unary_rpc_method_handler(behaviour, None, handler.response_serializer)


def run_in(pool: ThreadPoolExecutor, behaviour: Behaviour) -> Behaviour:
    """A behaviour that gRPC runs in another pool than the server's."""
    behaviour.experimental_thread_pool = pool  # type: ignore[attr-defined] # how gRPC is told
    return behaviour


def stream(refuse: Behaviour) -> Behaviour:
    """A refusal where responses are expected."""

    def responses(unread: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[object]:
        yield refuse(unread, context)

    return responses
