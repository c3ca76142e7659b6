"""The pages and what they ask for: files that were built beforehand, JSON, and one stream of what happens."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ringfence.client.errors import ClientError
from ringfence.console.bulletin import Bulletin, Document
from ringfence.console.documents import describe_error
from ringfence.console.guests import Guests
from ringfence.console.watching import Watcher
from serving.page.answers import list_pages, refuse, respond
from serving.page.certified import Guest

PAGES: Final = MappingProxyType(
    {"/": "index.html", "/console.js": "console.js", "/console.css": "console.css", "/icon.svg": "icon.svg"}
)
"""Every file that is served, by its path."""
SIGN_SECONDS: Final = 15.0
"""After so long without a word a stream shows that it is still there."""
MOST_WORDS: Final = 20_000
"""In one stream; a page takes it up again by itself."""
MOST_ROWS: Final = 200
IDENTITY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
WORDS: Final = re.compile(r"[0-9a-f]{0,64}", re.ASCII)
STATES: Final = frozenset({"", "live", "accepted", "refreshed", "released", "lapsed", "seized"})
SIZE: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def build_application(watcher: Watcher, bulletin: Bulletin, guests: Guests | None = None) -> Starlette:
    """The application, without whoever stands at its door; ``guests`` are those who come with certificates."""

    def list_acceptances(request: Request) -> Response:
        state, words = request.query_params.get("state", ""), request.query_params.get("words", "")
        if state not in STATES or not WORDS.fullmatch(words):
            return refuse(400, "a state, and up to 64 hexadecimal digits")
        return JSONResponse(watcher.list_stories(state, words, MOST_ROWS))

    async def tell_story(request: Request) -> Response:
        acceptance = request.path_params["acceptance"]
        if not IDENTITY.fullmatch(acceptance):
            return refuse(400, "64 hexadecimal digits")
        return respond(await watcher.tell_story(acceptance), "an acceptance that the log has")

    async def show_consistency(request: Request) -> Response:
        sizes = [request.query_params.get(name, "") for name in ("first", "second")]
        if not all(map(SIZE.fullmatch, sizes)):
            return refuse(400, "two numbers of leaves, first and second")
        return respond(await watcher.show_consistency(*map(int, sizes)), "sizes that the log has had")

    def open_stream(request: Request) -> Response:
        if bulletin.is_full:
            return refuse(503, "fewer pages open at once")
        told = stream(bulletin) if guests is None else stream_to(bulletin, request.scope["state"]["guest"], guests)
        return StreamingResponse(told, media_type="text/event-stream")

    routes = [
        *list_pages("ringfence.console", PAGES),
        Route("/api/acceptances", list_acceptances),
        Route("/api/acceptances/{acceptance}", tell_story),
        Route("/api/log/consistency", show_consistency),
        Route("/api/stream", open_stream),
    ]
    return Starlette(routes=routes, exception_handlers={ClientError: tell_failure})


async def tell_failure(_: Request, error: Exception) -> Response:
    """The verifier did not answer, or not well."""
    told = describe_error(error) if isinstance(error, ClientError) else {"kind": "internal"}
    return JSONResponse({"error": told}, 502)


async def stream(bulletin: Bulletin) -> AsyncIterator[bytes]:
    """What was said last on each topic, then whatever is said, as events of one kind for each topic."""
    async for words in take_words(bulletin):
        yield render_events(words)


async def stream_to(bulletin: Bulletin, guest: Guest, guests: Guests) -> AsyncIterator[bytes]:
    """The same for one of several guests, for as long as it is one."""
    async for words in take_words(bulletin):
        if not guest.is_welcome():
            return
        yield render_events([(topic, guests.adapt(guest, document)) for topic, document in words])


async def take_words(bulletin: Bulletin) -> AsyncIterator[list[tuple[str, Document]]]:
    """Whatever is said, and nothing as a sign of life."""
    if bulletin.is_full:
        return  # others came in between
    with bulletin.read() as reader:
        said = 0
        while said < MOST_WORDS and not reader.is_over:
            words = await reader.next(SIGN_SECONDS)
            said += max(1, len(words))
            yield words


def render_events(words: Sequence[tuple[str, Document]]) -> bytes:
    """Events, or a comment where there are none."""
    return b"".join(render_event(topic, document) for topic, document in words) or b": still here\n\n"


def render_event(topic: str, document: Document) -> bytes:
    """An event; JSON has no line of its own."""
    kind = topic.partition(" ")[0]
    return f"event: {kind}\ndata: {json.dumps(document, separators=(',', ':'))}\n\n".encode()
