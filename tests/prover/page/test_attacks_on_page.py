"""What somebody who has the page asks of it to bring it down, or to see what is not theirs."""

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest

from prover.jobs import Bounds, Jobs
from prover.page.application import build_application
from prover.page.trader import Trader
from serving.page.door import JSON, KEY_HEADER, Door
from serving.page.program import PageBeside, PageServer, listen, place_of
from tests.prover.page.test_page import PLAIN, Page, page  # noqa: F401 - the fixture
from tests.serving.knocking import knock

pytestmark = [pytest.mark.native, pytest.mark.slow]
HALF = "\ud800"
"""Of a character: it can be written in JSON, and in nothing else."""
LONG = "9" * 900
TEXTS = [
    "",
    "\x00",
    "../well",
    "__proto__",
    "well\n",
    "\u202ewell",
    LONG,
    "\u0661",
    "%",
    "1/0",
    "0/0%",
    "NaN",
    "1e999999999",
    "-0",
    "+-5%",
    "--5%",
]
OUTLOOK = {"name": "well", "locks": "0", "top_up": "0", "shock": "0%"}
PREVIEW = {"name": "well", **PLAIN}


@pytest.mark.parametrize("text", TEXTS)
def test_attack_no_word_of_a_question_is_more_than_refused(page: Page, text: str) -> None:  # noqa: F811
    for path, question in (("/api/outlook", OUTLOOK), ("/api/preview", PREVIEW)):
        for name in question:
            told = page.get(path, **{**question, name: text})
            assert told.status < 500, (path, name)


@pytest.mark.parametrize("value", [*TEXTS, HALF, 2**53 + 1, 2**4000, -1, 0.1, True, None, [], {}, {"__proto__": {}}])
def test_attack_no_field_of_a_body_is_more_than_refused(page: Page, value: Any) -> None:  # noqa: F811, ANN401
    wanted = {"name": "well", **PLAIN, "claim_id": "0" * 64, "request_id": "0" * 32}
    for name in wanted:
        assert page.post("/api/proofs", **{**wanted, name: value}).status in {400, 404, 409}, name


@pytest.mark.parametrize(
    "body",
    [b"[" * 4096, b'{"a":' * 800, b"9" * 4096, b'{"name": NaN}', b"1e999999", b'"\\ud800"', b"\xef\xbb\xbf{}", b"null"],
)
def test_attack_no_body_is_more_than_refused(page: Page, body: bytes) -> None:  # noqa: F811
    assert knock(page.application, "/api/proofs", "POST", body=body, headers={}).status == 400


# --- All at once, over real sockets -----------------------------------------------------------------------

CROWD, PREVIEWS = 100, 1000
MEBIBYTE = 1 << 20
MOST_THREADS = 1 + 40
"""That of the page, and those in which it answers."""
HUNG_UP = 0
"""No status: of too many connections the oldest that has not asked yet makes room."""
SECONDS = 120.0


@dataclass(frozen=True)
class Tab:
    """A tab that was opened by the address in the terminal."""

    port: int
    cookie: str
    key: str

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        headers = {"cookie": self.cookie, KEY_HEADER.decode(): self.key}
        if body is not None:
            origin = {"origin": f"http://127.0.0.1:{self.port}", "sec-fetch-site": "same-origin"}
            headers = {**headers, **origin, "content-type": JSON}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            is_told = answer.getheader("content-type") == JSON
            return answer.status, json.loads(content) if is_told else content

    def preview(self) -> tuple[int, Any]:
        return self.ask(f"/api/preview?{urlencode(PREVIEW)}")

    def preview_in_a_crowd(self) -> int:
        """What becomes of it."""
        try:
            return self.preview()[0]
        except ConnectionError:
            return HUNG_UP


@dataclass(frozen=True)
class Desktop:
    """A page that is served, and the addresses that its terminal shows."""

    port: int
    told: list[str]

    def open(self) -> Tab:
        """One tab more."""
        split = urlsplit(self.told[-1])
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            connection.request("GET", f"/?{split.query}")
            answer = connection.getresponse()
            named = dict(answer.getheaders())
        cookie = named["set-cookie"].partition(";")[0]
        return Tab(self.port, cookie, named["location"].partition("#key=")[2])


@contextmanager
def served(page: Page, jobs: Jobs | None = None) -> Iterator[Desktop]:  # noqa: F811
    """The page behind its door; with jobs of their own nobody works at them."""
    trader = Trader(page.farm.made.desk, jobs or page.farm.made.jobs, "local", None, page.farm.folder / "facts")
    told: list[str] = []
    with listen("127.0.0.1:0", "page") as listening:
        place = place_of(listening)
        door = Door(build_application(trader), "prover", place, told.append, keyed=True)
        with PageBeside(PageServer(door), listening):
            door.open()
            yield Desktop(place[1], told)


def measure() -> Mapping[str, int]:
    """What this process has of what could run out."""
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    files = len(list(Path("/proc/self/fd").iterdir()))
    return {"files": files, "threads": threading.active_count(), "bytes": resident}


def test_x3_a_thousand_previews_at_once_take_no_more_than_there_is(page: Page) -> None:  # noqa: F811
    """One session asks for all of them: so many are answered at a time, the others are told to come again."""
    quiet = measure()
    with served(page) as desktop:
        tab = desktop.open()
        status, shown = tab.preview()
        assert status == 200
        with ThreadPoolExecutor(CROWD) as crowd:
            list(crowd.map(lambda _: tab.preview_in_a_crowd(), range(CROWD)))  # whatever is made once is there
        before = measure()
        with ThreadPoolExecutor(CROWD) as crowd:
            found = Counter(crowd.map(lambda _: tab.preview_in_a_crowd(), range(PREVIEWS)))
        assert found.keys() <= {200, 503, HUNG_UP}
        assert found[200] > 0
        deadline = time.monotonic() + SECONDS
        while (now := measure())["files"] > before["files"]:
            assert time.monotonic() < deadline, "connections that were closed are still open here"
            time.sleep(0.1)
        assert now["threads"] - quiet["threads"] <= MOST_THREADS
        assert now["bytes"] - before["bytes"] < 64 * MEBIBYTE
        assert tab.preview() == (200, shown)
        for _ in range(CROWD):
            assert tab.preview()[0] == 200, "one after the other all are answered"


def test_x3_fifty_presses_of_two_tabs_are_no_more_than_a_queue(page: Page) -> None:  # noqa: F811
    """Each is a request of its own: as many as one caller may have wait, the others are told, and all can be ended."""
    bounds = Bounds()
    with served(page, Jobs(bounds)) as desktop:
        tabs = [desktop.open(), desktop.open()]
        claim_id = tabs[0].preview()[1]["claim_id"]

        def press(number: int) -> tuple[int, Any]:
            wanted = {"name": "well", **PLAIN, "claim_id": claim_id, "request_id": uuid4().hex}
            return tabs[number % 2].ask("/api/proofs", json.dumps(wanted).encode())

        with ThreadPoolExecutor(50) as crowd:
            answers = list(crowd.map(press, range(50)))
        begun = [told["id"] for status, told in answers if status == 202]
        full = [told["error"]["reason"] for status, told in answers if status == 429]
        assert len(set(begun)) == len(begun) == bounds.queued_per_caller
        assert (len(begun) + len(full), set(full)) == (50, {"QUEUE_FULL"})
        for job in begun:
            assert tabs[0].ask(f"/api/proofs/{job}/cancel", b"{}")[1]["state"] == "cancelled"
        assert press(1)[0] == 202, "what was ended makes room"


def test_a_request_that_is_sent_fifty_times_is_one_proof(page: Page) -> None:  # noqa: F811
    with served(page, Jobs(Bounds())) as desktop:
        tab = desktop.open()
        wanted = {"name": "well", **PLAIN, "claim_id": tab.preview()[1]["claim_id"], "request_id": uuid4().hex}
        with ThreadPoolExecutor(50) as crowd:
            answers = list(crowd.map(lambda _: tab.ask("/api/proofs", json.dumps(wanted).encode()), range(50)))
        assert {status for status, _ in answers} == {202}
        assert len({told["id"] for _, told in answers}) == 1


def test_a_tab_is_not_opened_by_the_key_of_another(page: Page) -> None:  # noqa: F811
    """Cookies are one browser's and keys one tab's: what does not belong together opens nothing."""
    with served(page) as desktop:
        first, second = desktop.open(), desktop.open()
        assert (first.preview()[0], second.preview()[0]) == (200, 200)
        assert Tab(desktop.port, first.cookie, second.key).preview()[0] == 401
        assert Tab(desktop.port, first.cookie, "").preview()[0] == 401
