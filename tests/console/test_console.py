"""A console over real sockets: who gets in, what is told, and what a role may not see."""

import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import takewhile
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from facts.ed25519 import SigningKey
from facts.log_entry import LogEntry
from facts.log_proof import hash_leaf, verify_consistency, verify_inclusion
from ringfence.cli.entry import run
from ringfence.console.bulletin import MOST_READERS
from serving.page.door import HEADERS
from tests.console.opened import COMMAND, OPEN, SECONDS, Opened, certified, opened, started
from tests.packaging.sources import REPOSITORY
from tests.verifier.claims import Watch
from tests.verifier.running import BRIDGE, CONTRACT, READER, TRADER, UPKEEP, VENUE_DESK, Running, Trial

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("console")
    with Trial(folder, Watch(), str(folder / "store.db"), metrics=True).serving() as found:
        yield found


@pytest.fixture(scope="module")
def reader(running: Running) -> Iterator[Opened]:
    """As whoever may read the log and the roots, and no acceptance."""
    with opened(running, READER) as found:
        yield found


@pytest.fixture(scope="module")
def accepted(running: Running) -> str:
    """An acceptance that was refreshed."""
    answer = running.answer(running.accept(running.claim(1001, 1002)))
    running.wait(30)
    running.answer(running.refresh(bytes.fromhex(answer.acceptance.id), running.claim(1001, 1002, policy=UPKEEP)))
    return answer.acceptance.id


# --- The door --------------------------------------------------------------------------------------------


def test_an_address_opens_the_page_once(reader: Opened) -> None:
    used = reader.addresses[-1]
    query = used.partition("/?")[2]
    first = reader.get(f"/?{query}", cookie="")
    assert (first.status, first.headers["location"]) == (303, "/")
    name, _, rest = first.headers["set-cookie"].partition("=")
    assert name == f"ringfence_console_{reader.port}"
    assert {part.strip() for part in rest.split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert reader.get(f"/?{query}", cookie="").status == 403
    assert reader.addresses[-1] != used


@pytest.mark.parametrize("path", ["/", "/console.js", "/api/stream", "/api/acceptances", "/nothing"])
def test_nobody_sees_anything_without_a_cookie(reader: Opened, path: str) -> None:
    for cookie in ("", f"ringfence_console_{reader.port}=", f"ringfence_console_{reader.port}={'A' * 43}", "\x01;;="):
        answer = reader.get(path, cookie=cookie)
        assert answer.status == 401
        assert answer.headers.items() >= HEADERS.items()


@pytest.mark.parametrize("host", ["verifier.example", "verifier.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_no_other_name_can_be_made_to_mean_it(reader: Opened, host: str) -> None:
    assert reader.get("/api/acceptances", host=host.format(port=reader.port)).status in {400, 421}


def test_its_own_names_are_taken(reader: Opened) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]"):
        assert reader.get("/", host=f"{name}:{reader.port}").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_can_be_changed(reader: Opened, method: str) -> None:
    answer = reader.get("/api/acceptances", method)
    assert answer.status == 405
    assert answer.headers.items() >= HEADERS.items()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_gets_nothing(reader: Opened, site: str) -> None:
    assert reader.get("/api/acceptances", sec_fetch_site=site).status == 403
    assert reader.get("/api/acceptances", sec_fetch_site="same-origin").status == 200


def test_what_is_too_long_is_not_read(reader: Opened) -> None:
    assert reader.get(f"/api/acceptances?words={'a' * 2000}").status == 414


@pytest.mark.parametrize("path", ["/", "/console.js", "/console.css", "/icon.svg", "/api/acceptances", "/api/nothing"])
def test_every_answer_has_the_headers(reader: Opened, path: str) -> None:
    answer = reader.get(path)
    assert answer.headers.items() >= HEADERS.items()
    assert "server" not in answer.headers
    assert answer.status == (404 if path == "/api/nothing" else 200)


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/%2e%2e/settings.py", "/pages/index.html", "//console.js"])
def test_no_path_reaches_the_disk(reader: Opened, path: str) -> None:
    assert reader.get(path).status == 404


def test_a_page_that_others_could_reach_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--set", "connection.plaintext=true", "--json")
    for address in ("0.0.0.0:8440", "192.0.2.1:8440", "unix:console.sock"):
        assert run(["console", "--listen", address, *flags[:2]]) == 2
        assert "console.address" in capsys.readouterr().err
    assert run(["console", "--metrics", "192.0.2.1:9464", *flags[:2]]) == 2


def read_refresh(console: Opened) -> None:
    """Wait until a console has read an acceptance and its refresh, whatever came after them."""
    assert any(topic == "log" and word["size"] >= 2 for topic, word in console.words())


# --- What is told ----------------------------------------------------------------------------------------


def test_a_reader_is_told_what_the_log_says(reader: Opened, accepted: str) -> None:
    log = reader.hear("log", size=2)
    assert (log["live"], log["replayed"], log["first"]) == (1, True, 0)
    (row,) = reader.get(f"/api/acceptances?state=live&words={accepted[:8]}").document["acceptances"]
    assert (row["state"], row["revision"], row["locks"], row["terms"]) == ("refreshed", 1, 2, None)
    assert reader.hear("parts", roots={"kind": "good"})["acceptances"]["kind"] == "denied"
    assert reader.get("/api/acceptances?state=seized").document["acceptances"] == []


def test_a_story_can_be_checked_by_whoever_reads_it(reader: Opened, accepted: str) -> None:
    reader.hear("log", size=2)
    story = reader.get(f"/api/acceptances/{accepted}").document
    root, size = bytes.fromhex(story["head"]["root"]), story["head"]["size"]
    entries = []
    for event in story["events"]:
        leaf, path = bytes.fromhex(event["leaf"]), [bytes.fromhex(step) for step in event["path"]]
        verify_inclusion(hash_leaf(leaf), event["index"], size, path, root)
        entries.append(LogEntry.decode(leaf))
    assert [(entry.event.name, entry.revision) for entry in entries] == [("ACCEPT", 0), ("REFRESH", 1)]
    assert {entry.acceptance for entry in entries} == {accepted}
    assert reader.get(f"/api/acceptances/{'00' * 32}").status == 404
    assert reader.get("/api/acceptances/anything").status == 400


def test_heads_can_be_shown_to_continue_each_other(running: Running, reader: Opened, accepted: str) -> None:
    before = reader.hear("log", size=2)
    running.answer(running.accept(running.claim(1005, tag=9)))
    after = reader.hear("log", size=3)
    proof = reader.get("/api/log/consistency?first=2&second=3").document
    root, larger_root = (bytes.fromhex(word["root"]) for word in (before, after))
    verify_consistency(2, 3, root, larger_root, [bytes.fromhex(step) for step in proof["path"]])
    for query in ("first=0&second=3", "first=3&second=2", "first=2&second=4", "first=-1&second=3", "first=2"):
        assert reader.get(f"/api/log/consistency?{query}").status in {400, 404}, query
    assert accepted in {row["id"] for row in reader.get("/api/acceptances").document["acceptances"]}


def test_changes_arrive_as_they_happen(running: Running, reader: Opened) -> None:
    with closing(reader.words()) as words:
        assert [topic for topic, _ in takewhile(lambda word: word[0] != "log", words)]
        answer = running.answer(running.accept(running.claim(1006, tag=10)))
        row = next(word for topic, word in words if topic == "acceptance")
    assert (row["id"], row["state"]) == (answer.acceptance.id, "accepted")


def test_roots_and_trust_are_told(reader: Opened) -> None:
    roots = reader.hear("roots")
    assert roots["market"]["facts"][0]["prices"]
    assert roots["market"]["facts"][0]["signatures"] >= 1
    assert roots["book"]["expires_at"] > roots["book"]["observed_at"]
    trust = reader.hear("trust")
    assert {each["purpose"] for each in trust["committees"]} >= {"oracle", "venue", "watchers"}


@pytest.mark.slow
def test_an_acceptor_is_told_the_terms_too(running: Running, accepted: str) -> None:
    metrics = running.verifier.server.metrics_port
    with opened(running, BRIDGE, "--metrics", f"127.0.0.1:{metrics}") as console:
        console.hear("parts", acceptances={"kind": "good"})
        read_refresh(console)
        rows = {row["id"]: row for row in console.get("/api/acceptances").document["acceptances"]}
        assert rows[accepted]["terms"]["contract"] == f"0x{CONTRACT.hex()}"
        assert rows[accepted]["terms"]["policy"]["requirement"] == "maintenance"
        claims = {(each["purpose"], each["outcome"]): each["count"] for each in console.hear("measures")["claims"]}
        assert claims["accept", "valid"] >= 1


@pytest.mark.slow
def test_an_attestation_is_for_whom_the_verifier_tells_it_and_only_if_it_holds(
    running: Running, reader: Opened, accepted: str
) -> None:
    """The verifier of these tests lives in the future, and nobody takes its word for what has not happened."""
    read_refresh(reader)
    story = reader.get(f"/api/acceptances/{accepted}").document
    assert (story["attestation"], story["attestation_failure"]) == (None, None)
    with opened(running, BRIDGE) as console:
        read_refresh(console)
        story = console.get(f"/api/acceptances/{accepted}").document
        assert console.hear("trust")["pinned"]["keys"]
    assert (story["attestation"], story["attestation_failure"]["reason"]) == (None, "FROM_THE_FUTURE")
    assert len(story["events"]) == 2


# --- Over TLS --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_over_tls_a_role_is_told_what_the_verifier_would_tell_it(running: Running, accepted: str) -> None:
    """The console asks as an acceptor: its own name and a venue see that, and neither a reader nor another acceptor."""
    authority = running.trial.authority
    with opened(running, BRIDGE, *certified(running)) as console:
        address = console.addresses[0]
        assert address == f"https://localhost:{console.port}/"

        def get(caller: str | None, path: str) -> tuple[int, Any]:
            context = ssl.create_default_context(cadata=authority.certificate.decode())
            if caller is not None:
                shown = running.trial.folder / "shown.pem"
                pair = running.trial.pair(caller)
                shown.write_bytes(pair.certificate + pair.key)
                context.load_cert_chain(shown)
            try:
                with urlopen(address + path, timeout=SECONDS, context=context) as answer:  # noqa: S310 - https alone
                    return answer.status, answer.read()
            except HTTPError as error:
                return error.code, error.read()
            except ssl.SSLError as error:
                return 0, error.reason

        deadline = time.monotonic() + SECONDS
        while not json.loads(get(BRIDGE, "api/acceptances")[1])["acceptances"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for caller in (BRIDGE, VENUE_DESK):
            status, body = get(caller, "api/acceptances")
            assert status == 200
            assert accepted in {row["id"] for row in json.loads(body)["acceptances"] if row["terms"]}
            assert get(caller, "")[0] == 200
        for caller in (READER, TRADER, "elsewhere.example", "stranger.example"):
            for path in ("", "console.js", "api/acceptances", f"api/acceptances/{accepted}", "api/stream"):
                assert get(caller, path)[0] == 403
        assert get(None, "api/acceptances") == (0, "TLSV13_ALERT_CERTIFICATE_REQUIRED")


def test_others_than_this_machine_get_it_over_tls_alone(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    certificates = running.trial.certificates.tls
    flags = ["--set=connection.plaintext=true", "--listen=0.0.0.0:0"]
    some = [f"--set=tls.certificate={certificates.certificate}", f"--set=tls.key={certificates.key}"]
    for given in (some, [*some, f"--set=tls.client_authorities={certificates.client_authorities}"]):
        assert run(["console", *flags, *given]) == 2
        assert "expected" in capsys.readouterr().err


# --- Bounds ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_only_so_many_pages_listen_at_once(running: Running) -> None:
    with opened(running, READER) as console, ExitStack() as stack:
        for _ in range(MOST_READERS):
            next(stack.enter_context(closing(console.words())))
        assert console.get("/api/stream").status == 503
        assert console.get("/api/acceptances").status == 200
        stack.close()
        deadline = time.monotonic() + SECONDS
        while console.get("/api/stream", "HEAD").status == 503:
            assert time.monotonic() < deadline, "pages that were closed still count"
            time.sleep(0.1)


@pytest.mark.slow
def test_it_ends_at_once_with_pages_open(running: Running) -> None:
    with opened(running, READER) as console, closing(console.words()) as words:
        next(words)
        console.process.terminate()
        for _ in words:
            pass  # it is ended as streams are, and not cut off
        assert console.process.wait(SECONDS) == 0


@pytest.mark.slow
def test_it_ends_well_whenever_it_is_told_to(running: Running) -> None:
    """From when its address stands there: before, after and while the page is served, once and again and again."""
    folder = running.trial.folder
    with opened(running, READER):
        pass  # it writes the settings
    options = ("--config", str(folder / f"{READER}.toml"), "--anchor", str(folder / "anchor.json"))
    for pause in (0, 0, 0.01, 0.1):
        command = [*COMMAND, "console", *options, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - this interpreter
            assert process.stderr is not None
            assert OPEN.search(process.stderr.readline())
            time.sleep(pause)
            while process.poll() is None:
                process.terminate()
                time.sleep(0.001)
            assert process.returncode == 0
            assert process.stderr.read() == ""


# --- A verifier that is not the one that is pinned -------------------------------------------------------


@pytest.mark.slow
def test_a_log_by_another_key_is_said_to_be_broken_and_not_shown(running: Running, reader: Opened) -> None:
    folder = running.trial.folder
    anchor = json.loads((folder / "anchor.json").read_text(encoding="utf-8"))
    anchor["log"]["keys"] = [SigningKey.of_seed(bytes(32)).public_key.hex()]
    (folder / "other.json").write_text(json.dumps(anchor), encoding="utf-8")
    options = ("--config", str(folder / f"{READER}.toml"), "--anchor", str(folder / "other.json"))
    assert reader.hear("parts", log={"kind": "good"})
    with started(folder / "other.log", *options, "--listen", "127.0.0.1:0") as console:
        parts = next(word for topic, word in console.words() if topic == "parts" and {"log", "trust"} <= word.keys())
        assert (parts["log"]["kind"], parts["log"]["reason"]) == ("broken", "WRONG_SIGNATURE")
        assert (parts["trust"]["kind"], parts["trust"]["reason"]) == ("broken", "UNKNOWN_SIGNER")
        assert console.get("/api/acceptances").document["acceptances"] == []
        assert console.get("/api/log/consistency?first=1&second=2").status == 404


@pytest.mark.slow
def test_s2_a_console_whose_role_was_taken_back_says_so_and_is_told_nothing_more(running: Running) -> None:
    """Its own streams end with the next word, and the page says why; what it has read it shows until it is stopped."""
    name = "venue.test"
    kept = running.trial.certificates.callers.read_bytes()
    with opened(running, name) as console, closing(console.words()) as words:
        parts = (word for topic, word in words if topic == "parts")
        assert any({how["kind"] for how in word.values()} <= {"good", "absent"} and len(word) == 5 for word in parts)
        shown = console.get("/api/acceptances").document["acceptances"]
        try:
            running.trial.certificates.allow({f"dns:{TRADER}": ["trader"]})
            running.answer(running.accept(running.claim(1007, tag=11)))
            running.publish()
            assert any({word[part]["kind"] for part in ("log", "roots", "acceptances")} == {"denied"} for word in parts)
        finally:
            running.trial.certificates.callers.write_bytes(kept)
        assert console.get("/api/acceptances").document["acceptances"] == shown
