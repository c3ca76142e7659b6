"""Workers: what they are started with, and what becomes of a prover that can start none."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from prover.exchange import Channel, Kind
from prover.jobs import Bounds, Jobs
from prover.workforce import FIRST_REST_SECONDS, LONGEST_REST_SECONDS, Workforce
from serving.errors import MisuseError
from tests.prover.farm import serving_farm, wait_until

pytestmark = pytest.mark.native


def test_messages_arrive_as_they_were_told() -> None:
    ours, theirs = Channel.pair()
    other = Channel(theirs)
    for content in (b"", b"x", bytes(1_000_000)):
        telling = threading.Thread(target=ours.tell, args=(Kind.PROVE, content), kwargs={"statement": "perp-k1"})
        telling.start()
        heard = other.hear(60)
        telling.join()
        assert heard is not None
        assert (heard.kind, heard.statement, bytes(heard.content)) == (Kind.PROVE, "perp-k1", content)
    ours.tell_texts(Kind.REFUSED, reason="X", field="y", expected="z")
    heard = other.hear(60)
    assert heard is not None
    assert heard.read() == {"reason": "X", "field": "y", "expected": "z"}
    with pytest.raises(TimeoutError):
        other.hear(0.01)
    ours.close()
    assert other.hear(60) is None
    other.close()


def test_a_worker_is_told_nothing_by_its_arguments_or_its_environment(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN_OF_THE_OPERATOR", "a canary")
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm:
        (pid,) = farm.workforce.pids
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:-1]
        environment = Path(f"/proc/{pid}/environ").read_text()
    assert arguments[:3] == ["-P", "-m", "prover.worker"]
    assert arguments[3].isdecimal()
    assert "canary" not in environment
    assert "RINGFENCE_CACHE" not in environment


def test_a_worker_that_is_being_replaced_leaves_the_prover_ready(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm:
        (pid,) = farm.workforce.pids
        monkeypatch.setattr("prover.workforce.COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
        monkeypatch.setattr("prover.workforce.REPLACEMENT_SECONDS", 600)
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not farm.workforce.is_ready)
        farm.workforce.require_ready()
        monkeypatch.setattr("prover.workforce.REPLACEMENT_SECONDS", -60)
        farm.workforce.stop()
        with pytest.raises(MisuseError):
            farm.workforce.require_ready()


def test_a_worker_that_cannot_be_started_is_tried_again_with_pauses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each pause is twice the last one, up to the longest: there are no more starts than they leave time for."""
    starts = tmp_path / "starts"
    starts.touch()
    beginning = "import sys; open(sys.argv[1], 'a').write('x'); raise SystemExit(1)"
    monkeypatch.setattr("prover.workforce.COMMAND", (sys.executable, "-c", beginning, str(starts)))
    workforce = Workforce(Jobs(Bounds()), {}, workers=1, threads=1)
    began = time.monotonic()
    workforce.start(patience=0.5)
    with pytest.raises(MisuseError) as refusal:
        workforce.require_ready()
    assert wait_until(lambda: starts.stat().st_size >= 3)
    pauses = starts.stat().st_size - 1
    seconds = time.monotonic() - began
    workforce.stop()
    assert refusal.value.reason.value == "NOT_READY"
    assert sum(min(FIRST_REST_SECONDS * 2**each, LONGEST_REST_SECONDS) for each in range(pauses)) <= seconds
