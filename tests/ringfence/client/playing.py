"""A test that plays the server: procedures are asked without a socket."""

from google.protobuf.message import Message

from ringfence.client.procedure import Call, Procedure, Result


def play(procedure: Procedure[Result], *responses: Message) -> tuple[Result, list[Call[Message]]]:
    """What a procedure makes of these responses, and what it asked for them."""
    asked: list[Call[Message]] = []
    answers = iter(responses)
    response: Message | None = None
    try:
        while True:
            asked.append(procedure.send(response))
            response = next(answers)
    except StopIteration as over:
        result: Result = over.value
        return result, asked


def result_of(procedure: Procedure[Result], *responses: Message) -> Result:
    return play(procedure, *responses)[0]
