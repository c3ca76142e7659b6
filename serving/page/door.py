"""Who gets in: browsers of this machine that were shown the address, and nobody through another page or name.

    Host      one of the names of this very address, so that no name on the network can be made to mean it
    fetched   by this page or by a person, as browsers tell it in Sec-Fetch-Site
    token     in the first address, good once; it becomes a cookie that scripts cannot read and other sites cannot send
    method    GET or HEAD: there is nothing to change

A browser sends a cookie to every port of a host, so that whoever else serves pages on this machine may be sent it. A
door that is ``keyed`` has secrets behind it, and takes more:

    key       goes to the page in the fragment of its address, which no server is sent, is kept where no page of another
              port can read it, and comes back in a header with everything that is asked for under ``/api/``
    POST      of JSON in so many bytes, of this page alone by Origin and Sec-Fetch-Site; it says what is wanted, and
              nothing but it does

Every answer, refusals among them, has the headers that keep a browser from doing anything but showing this page.
"""

import secrets
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]
Application = Callable[[Scope, Receive, Send], Any]

TOKEN_BYTES: Final = 32
MOST_SESSIONS: Final = 16
LONGEST_QUERY: Final = 1024
LONGEST_COOKIE: Final = 4096
LARGEST_BODY: Final = 4096
READING: Final = frozenset({"GET", "HEAD"})
KEYED: Final = "/api/"
KEY_HEADER: Final = b"x-ringfence-key"
JSON: Final = "application/json"
DIGITS: Final = 9
NOTHING_TO_CHANGE: Final = 405, "Nothing can be changed here."
OWN_FETCHES: Final = frozenset({"", "none", "same-origin"})
"""A request without the header is not one of a page in a browser."""
HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
)


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of a browser that was let in."""

    cookie: bytes
    key: bytes


class Door:
    """Stands before an application."""

    def __init__(
        self,
        application: Application,
        name: str,
        place: tuple[str, int],
        tell: Callable[[str], object],
        *,
        keyed: bool = False,
    ) -> None:
        """``name`` is what is behind it; ``tell`` is given the next address at ``place`` whenever it is new."""
        self._application = application
        self._name = name
        self._base, port = place
        self._hosts = frozenset(f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]"))
        self._cookie = f"ringfence_{name}_{port}"
        self._tell = tell
        self._keyed = keyed
        self._sessions: list[Session] = []
        self._token = ""

    def open(self) -> None:
        """Make the token of the first address."""
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self._tell(f"{self._base}/?token={self._token}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, with whoever makes it looked at first."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await self._admit(scope, receive, protecting(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refuse(scope)
        if refusal is not None:
            await answer(send, *refusal)
        elif scope["path"] == "/" and scope["query_string"]:
            await self._exchange(scope["query_string"], send)
        elif (session := self._find_session(scope)) is None:
            await answer(send, 401, f"Open the address that stands in the terminal where the {self._name} was started.")
        elif self._keyed and scope["path"].startswith(KEYED) and not has_key(scope, session):
            await answer(send, 401, "This page has no key: open the address that stands in the terminal in this tab.")
        else:
            await self._application(scope, receive, send)

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        """What is refused whoever asks."""
        if headers_of(scope, b"host") not in [[host] for host in self._hosts]:
            return 421, f"This is not the address of the {self._name}."
        if len(scope["query_string"]) > LONGEST_QUERY:
            return 414, "This address is too long."
        if scope["method"] not in READING:
            return refuse_change(scope) if self._keyed and scope["method"] == "POST" else NOTHING_TO_CHANGE
        if "".join(headers_of(scope, b"sec-fetch-site")) not in OWN_FETCHES:
            return 403, "Another page asked for this."
        return None

    async def _exchange(self, query: bytes, send: Send) -> None:
        """The token for a cookie, once."""
        shown = parse_qs(query.decode("ascii", "replace")).get("token", [""])[0]
        if not self._token or not secrets.compare_digest(shown.encode(), self._token.encode()):
            return await answer(send, 403, "This address was used before. The terminal shows one that was not.")
        cookie, key = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions = [*self._sessions, Session(digest_of(cookie), digest_of(key))][-MOST_SESSIONS:]
        self.open()
        kept = f"{self._cookie}={cookie}; Path=/; HttpOnly; SameSite=Strict"
        place = f"/#key={key}" if self._keyed else "/"
        return await answer(send, 303, "", [("location", place), ("set-cookie", kept)])

    def _find_session(self, scope: Scope) -> Session | None:
        """Whose cookie a request has, if it was given out."""
        shown = digest_of(read_cookie(headers_of(scope, b"cookie"), self._cookie))
        found = [session for session in self._sessions if secrets.compare_digest(shown, session.cookie)]
        return found[0] if found else None


def has_key(scope: Scope, session: Session) -> bool:
    """Whether the page that asks is the one that was opened."""
    shown = headers_of(scope, KEY_HEADER)
    return len(shown) == 1 and secrets.compare_digest(digest_of(shown[0]), session.key)


def refuse_change(scope: Scope) -> tuple[int, str] | None:
    """What is refused of those who want something done; whose cookie and key they have is asked afterwards."""
    own = [[f"http://{host}"] for host in headers_of(scope, b"host")]
    if headers_of(scope, b"origin") not in own or headers_of(scope, b"sec-fetch-site") != ["same-origin"]:
        return 403, "Another page asked for this."
    if not scope["path"].startswith(KEYED):
        return NOTHING_TO_CHANGE
    if headers_of(scope, b"content-type") != [JSON]:
        return 415, "What is wanted is said in JSON."
    length = "".join(headers_of(scope, b"content-length"))
    if headers_of(scope, b"transfer-encoding") or not (length.isascii() and length.isdecimal()):
        return 411, "How long it is has to be said."
    return (413, "This is too long.") if len(length) > DIGITS or int(length) > LARGEST_BODY else None


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, of which there should be one."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def read_cookie(headers: Sequence[str], name: str) -> str:
    """The value of a cookie; nothing where there is none, or no cookies that can be read."""
    text = "; ".join(headers)
    if len(text) > LONGEST_COOKIE:
        return ""
    try:
        found = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def digest_of(secret: str) -> bytes:
    """What is kept of a cookie or a key."""
    return sha256(secret.encode()).digest()


def protecting(send: Send) -> Send:
    """Adds the headers to every answer."""

    async def send_protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(key, value) for key, value in message.get("headers", ()) if key.decode() not in HEADERS]
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return send_protected


async def answer(send: Send, status: int, text: str, headers: Sequence[tuple[str, str]] = ()) -> None:
    """A few words."""
    body = f"{text}\n".encode() if text else b""
    named = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))), *headers]
    encoded = [(name.encode(), value.encode()) for name, value in named]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
