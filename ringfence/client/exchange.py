"""What is kept of a stream while it lasts: questions without an answer, and where a watch goes on."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Generic

from google.protobuf.message import Message

from margin.errors import Reason
from ringfence.client.errors import AnswerError, holding_answer
from ringfence.client.procedure import AskedT, Exchange, Result
from ringfence.wire.elements import read_token


class Outstanding(Generic[AskedT, Result]):
    """The questions of one stream, by their numbers."""

    def __init__(self, exchange: Exchange[AskedT, Result]) -> None:
        self._exchange = exchange
        self._asked: dict[int, AskedT] = {}

    def requests(self, items: Iterable[AskedT]) -> Iterator[Message]:
        """What is sent, numbered from 0."""
        numbered = enumerate(items)
        while asked := list(islice(numbered, self._exchange.at_once)):
            self._asked.update(asked)
            yield self._exchange.write(asked)

    def take(self, message: Any) -> Iterator[tuple[AskedT, Result]]:  # noqa: ANN401 - any message of a stream
        """The answers in a message, each with its question."""
        for answer in self._exchange.split(message):
            if answer.number not in self._asked:
                expected = "a number that was asked and not answered"
                raise AnswerError(Reason.OUT_OF_BOUNDS.value, "answer.number", found=answer.number, expected=expected)
            asked = self._asked.pop(answer.number)
            yield asked, self._exchange.read(answer, asked)

    def require_done(self) -> None:
        """Every question was answered."""
        if self._asked:
            found, expected = f"{len(self._asked)} without an answer", "an answer to each"
            raise AnswerError(Reason.WRONG_COUNT.value, "answer", found=found, expected=expected)


def take_token(message: Any) -> str:  # noqa: ANN401 - any message of a watch
    """Where a watch goes on behind a message; one that does not say would be watched with a gap."""
    with holding_answer():
        token = read_token(message.resume_token, "resume_token")
    if not token:
        expected = "what takes the watch up again"
        raise AnswerError(Reason.MISSING_FIELD.value, "answer.resume_token", found="nothing", expected=expected)
    return token
