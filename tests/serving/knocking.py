"""Requests to an application in this very process, as a browser or somebody else would write them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.page.door import Application, Message

SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """What comes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON it is
        return json.loads(self.body)


def knock(
    application: Application,
    path: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str],
    query: str = "",
    body: bytes = b"",
) -> Reply:
    """One request; ``sec_fetch_site`` is the header ``sec-fetch-site``."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def ask() -> None:
        await asyncio.wait_for(application(scope, receive, send), SECONDS)

    asyncio.run(ask())
    named = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return Reply(told[0]["status"], named, b"".join(message.get("body", b"") for message in told[1:]))
