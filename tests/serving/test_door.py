"""A door with secrets behind it: everybody who could come near a page on loopback, and is not let in."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from serving.page.door import HEADERS, LARGEST_BODY, MOST_SESSIONS, Door, Message, Receive, Scope, Send
from tests.serving.knocking import Reply, knock

PORT = 8450
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
SECRET = b"a position"


async def tell_secret(_: Scope, __: Receive, send: Send) -> None:
    """What stands behind the door."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"server", b"one")]})
    await send({"type": "http.response.body", "body": SECRET})


@dataclass
class House:
    """A door, what was said at it, and the browser of whoever lives there."""

    door: Door
    addresses: list[str]
    own: dict[str, str] = field(default_factory=dict)

    def enter(self) -> Reply:
        """Open the newest address."""
        reply = knock(self.door, "/", query=urlsplit(self.addresses[-1]).query, headers={"host": HOST})
        cookie = reply.headers["set-cookie"].partition(";")[0]
        key = reply.headers["location"].partition("#key=")[2]
        self.own = {"host": HOST, "cookie": cookie, "x_ringfence_key": key}
        return reply

    def get(self, path: str = "/api/positions", **changed: str) -> Reply:
        return knock(self.door, path, headers={**self.own, **changed})

    def post(self, path: str = "/api/proofs", **changed: str) -> Reply:
        said = {"origin": ORIGIN, "sec_fetch_site": "same-origin", "content_type": "application/json"}
        headers = {**self.own, **said, "content_length": "2", **changed}
        return knock(
            self.door, path, "POST", body=b"{}", headers={name: value for name, value in headers.items() if value}
        )


@pytest.fixture
def house() -> House:
    addresses: list[str] = []
    house = House(Door(tell_secret, "prover", (ORIGIN, PORT), addresses.append, keyed=True), addresses)
    house.door.open()
    house.enter()
    return house


def test_who_was_shown_the_address_is_let_in(house: House) -> None:
    assert house.get().body == SECRET
    assert house.post().body == SECRET
    assert house.get("/").body == SECRET


def test_the_key_is_where_no_server_is_sent_it(house: House) -> None:
    reply = house.enter()
    place = urlsplit(reply.headers["location"])
    assert (reply.status, place.path, place.query) == (303, "/", "")
    assert place.fragment.startswith("key=")
    cookie = reply.headers["set-cookie"]
    assert {part.strip() for part in cookie.split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert place.fragment.removeprefix("key=") not in cookie


def test_the_address_is_good_once(house: House) -> None:
    used = urlsplit(house.addresses[-1]).query
    assert knock(house.door, "/", query=used, headers={"host": HOST}).status == 303
    assert knock(house.door, "/", query=used, headers={"host": HOST}).status == 403
    assert urlsplit(house.addresses[-1]).query != used


def test_a_server_on_another_port_that_is_sent_the_cookie_gets_nothing(house: House) -> None:
    """Browsers send cookies to every port of a host: whoever else serves pages here has it, and is no browser."""
    for key in ("", "A" * 43, house.own["cookie"].partition("=")[2]):
        assert house.get(x_ringfence_key=key).status == 401
        assert house.post(x_ringfence_key=key or "none").status == 401
    without = {name: value for name, value in house.own.items() if name != "x_ringfence_key"}
    assert knock(house.door, "/api/positions", headers=without).status == 401


def test_a_key_is_nothing_without_its_own_cookie(house: House) -> None:
    before = dict(house.own)
    house.enter()
    assert house.get(cookie="").status == 401
    assert house.get(cookie=before["cookie"]).status == 401
    assert house.get(cookie=before["cookie"], x_ringfence_key=before["x_ringfence_key"]).status == 200


def test_another_user_of_the_machine_sees_no_more_than_that_there_is_a_door(house: House) -> None:
    for path in ("/", "/trader.js", "/api/positions"):
        reply = knock(house.door, path, headers={"host": HOST})
        assert (reply.status, SECRET in reply.body) == (401, False)
        assert reply.headers.items() >= HEADERS.items()


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""])
def test_a_name_that_was_made_to_mean_loopback_is_refused(house: House, host: str) -> None:
    assert house.get(host=host).status == 421
    assert house.post(host=host, origin=f"http://{host}").status == 421


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": ""},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"https://{HOST}"},
        {"origin": f"http://localhost:{PORT}"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_another_page_has_nothing_done_even_with_cookie_and_key(house: House, changed: dict[str, str]) -> None:
    assert house.post(**changed).status == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_another_page_is_shown_nothing(house: House, site: str) -> None:
    assert house.get(sec_fetch_site=site).status == 403
    assert house.get("/", sec_fetch_site=site).status == 403


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": ""}, 415),
        ({"content_length": ""}, 411),
        ({"content_length": "-1"}, 411),
        ({"transfer_encoding": "chunked"}, 411),
        ({"content_length": str(LARGEST_BODY + 1)}, 413),
        ({"content_length": "9" * 100}, 413),
    ],
)
def test_what_is_no_bounded_json_is_not_read(house: House, changed: dict[str, str], status: int) -> None:
    assert house.post(**changed).status == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_no_other_method_is_taken(house: House, method: str) -> None:
    assert knock(house.door, "/api/proofs", method, headers=house.own).status == 405


def test_pages_take_no_post(house: House) -> None:
    assert house.post("/").status == 405


def test_without_a_key_a_door_changes_nothing() -> None:
    addresses: list[str] = []
    house = House(Door(tell_secret, "console", (ORIGIN, PORT), addresses.append), addresses)
    house.door.open()
    assert house.enter().headers["location"] == "/"
    assert house.get().body == SECRET
    assert house.post().status == 405


def test_old_sessions_end(house: House) -> None:
    first = dict(house.own)
    for _ in range(MOST_SESSIONS):
        house.enter()
    assert knock(house.door, "/api/positions", headers=first).status == 401


def test_a_header_twice_is_no_header(house: House) -> None:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    names = [(name.replace("_", "-").encode(), value.encode()) for name, value in house.own.items()]
    scope = {"type": "http", "method": "GET", "path": "/api/positions", "query_string": b"", "headers": names * 2}
    asyncio.run(house.door(scope, receive, send))
    assert told[0]["status"] == 421
