"""The processes that make proofs: started, kept warm, killed and replaced.

Each worker has an attendant, a thread that gives it one job after the other and starts another worker in its place as
soon as it is no more. A worker is never forked from the process that has the wallet: it is a new interpreter, which is
told what it needs (see ``prover.exchange``).
"""

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from prover.exchange import Channel, Kind, Message
from prover.jobs import BROKEN, Job, Jobs, Outcome, Proved, Stage
from prover.provable import Provable
from prover.rules import describe_rule
from ringfence.wire.operation import OperationFailure
from serving.errors import MisuseError
from serving.errors import Reason as ServingReason
from snark.bn254.constants import FIELD_BYTES
from snark.errors import Reason
from snark.groth16.formats.calldata import PROOF_BYTES, decode_proof

KEPT_VARIABLES: Final = frozenset({"PATH", "PYTHONPATH", "LD_LIBRARY_PATH"})
"""Of the environment, that a worker has."""
COMMAND: Final = (sys.executable, "-P", "-m", "prover.worker")
START_SECONDS: Final = 60
STARTING_SECONDS: Final = 0.01
GLANCE_SECONDS: Final = 0.5
"""How long an idle worker may be gone before it is replaced."""
REPLACEMENT_SECONDS: Final = 10
"""How long there may be no worker that is ready, while another one takes the place of one that was killed."""
FIRST_REST_SECONDS: Final = 0.1
LONGEST_REST_SECONDS: Final = 5.0
"""Before a worker is started again that could not be started."""


class LostError(Exception):
    """The worker is no more."""


class WorkerProcess:
    """A worker as its attendant sees it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._loaded: set[str] = set()
        self._channel, theirs = Channel.pair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter
                [*COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={name: value for name, value in os.environ.items() if name in KEPT_VARIABLES},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what a crash says of values is said to nobody
                start_new_session=True,  # an interrupt at the terminal is for the server
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Be no more, whatever it does."""
        self._process.kill()

    def bury(self) -> None:
        """Kill it, and leave nothing of it."""
        self.kill()
        self._process.wait()
        self._channel.close()

    def wait_until_started(self) -> bool:
        """Whether it came up."""
        try:
            return self._hear(START_SECONDS).kind is Kind.READY
        except (LostError, TimeoutError):
            return False

    def load(self, provable: Provable, seconds: float) -> OperationFailure | None:
        """Make a statement ready, where it is not; what comes back is why it is not."""
        if provable.name in self._loaded:
            return None
        self._tell(
            lambda: self._channel.tell_texts(
                Kind.LOAD,
                provable.name,
                provable.descriptors,
                threads=str(self._threads),
                multiples_bytes=str(provable.multiples_bytes),
                development="yes" if provable.is_for_development else "no",
            )
        )
        heard = self._hear(seconds)
        if heard.kind is not Kind.LOADED:
            return BROKEN  # the key was checked before: nothing that the caller asked for
        self._loaded.add(provable.name)
        return None

    def prove(self, statement: str, elements: bytearray, begun: Callable[[], None], seconds: float) -> Outcome:
        """A proof from the elements of its inputs."""
        self._tell(lambda: self._channel.tell(Kind.PROVE, elements, statement=statement))
        begun()
        return read_outcome(self._hear(seconds))

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except OSError:
            raise LostError from None

    def _hear(self, seconds: float) -> Message:
        if seconds <= 0:
            raise TimeoutError
        heard = self._channel.hear(seconds)
        if heard is None:
            raise LostError
        return heard


class Workforce:
    """So many workers, for as long as the prover serves."""

    def __init__(
        self, jobs: Jobs, provables: Mapping[str, Provable], *, workers: int, threads: int, warm: Sequence[str] = ()
    ) -> None:
        """``warm`` are statements that every worker makes ready before it has a job."""
        self._attendants = [
            Attendant(jobs, provables, threads, [provables[name] for name in warm], number) for number in range(workers)
        ]
        self._jobs = jobs

    def start(self, patience: float = START_SECONDS) -> None:
        """Start the workers; there is one when this returns, or there was none within so many seconds."""
        end = time.monotonic() + patience
        for attendant in self._attendants:
            attendant.start()
        while not self.is_ready and time.monotonic() < end:
            time.sleep(STARTING_SECONDS)

    def stop(self) -> None:
        """End every job and every worker."""
        self._jobs.close()
        for attendant in self._attendants:
            attendant.dismiss()
        for attendant in self._attendants:
            attendant.join()

    @property
    def is_ready(self) -> bool:
        """Whether some worker can take a job."""
        return any(attendant.is_ready for attendant in self._attendants)

    def require_ready(self) -> None:
        """Some worker can take a job, or is about to: a check of readiness."""
        last = max(attendant.last_ready for attendant in self._attendants)
        if not self.is_ready and last + REPLACEMENT_SECONDS < time.monotonic():
            expected = "a worker that has started"
            raise MisuseError(ServingReason.NOT_READY, "workers", found="none", expected=expected)

    @property
    def pids(self) -> list[int]:
        """Of the processes that are there."""
        return [attendant.worker.pid for attendant in self._attendants if attendant.worker is not None]


class Attendant(threading.Thread):
    """Sees to one worker after the other."""

    def __init__(
        self, jobs: Jobs, provables: Mapping[str, Provable], threads: int, warm: Sequence[Provable], number: int
    ) -> None:
        super().__init__(name=f"attendant-{number}", daemon=True)
        self._jobs = jobs
        self._provables = provables
        self._threads = threads
        self._warm = warm
        self._dismissed = threading.Event()
        self.worker: WorkerProcess | None = None
        self.is_ready = False
        self.last_ready = -math.inf

    def dismiss(self) -> None:
        """No further worker; the one that is there ends."""
        self._dismissed.set()
        if (worker := self.worker) is not None:
            worker.kill()

    def run(self) -> None:
        """One worker after the other; this thread outlives each of them, whose parent it is to the kernel."""
        rest = FIRST_REST_SECONDS
        while not self._dismissed.is_set():
            if self._employ():
                rest = FIRST_REST_SECONDS
            elif not self._dismissed.wait(rest):
                rest = min(2 * rest, LONGEST_REST_SECONDS)

    def _employ(self) -> bool:
        """One worker from its start to its end; whether it was ever ready."""
        try:
            self.worker = worker = WorkerProcess(self._threads)
        except OSError:
            return False
        if self._dismissed.is_set():
            worker.kill()
        try:
            if was_ready := self._get_ready(worker):
                self._attend(worker)
            return was_ready
        finally:
            if self.is_ready:
                self.is_ready, self.last_ready = False, time.monotonic()
            worker.bury()

    def _get_ready(self, worker: WorkerProcess) -> bool:
        try:
            self.is_ready = worker.wait_until_started() and not any(
                worker.load(provable, START_SECONDS) for provable in self._warm
            )
        except (LostError, TimeoutError):
            return False
        return self.is_ready

    def _attend(self, worker: WorkerProcess) -> None:
        while worker.is_alive and not self._dismissed.is_set():
            job = self._jobs.take(worker.kill, GLANCE_SECONDS)
            if job is None:
                continue
            try:
                self._jobs.finish(job, self._work_on(worker, job))
            except LostError:
                self._jobs.lose(job)
                return
            except TimeoutError:
                self._jobs.expire(job)
                return
            except Exception:  # noqa: BLE001 - what it told cannot be read: it is not to be believed in anything else
                self._jobs.finish(job, BROKEN)
                return

    def _work_on(self, worker: WorkerProcess, job: Job) -> Outcome:
        if (work := job.work) is None:
            return BROKEN
        provable = self._provables[work.statement]
        if (failure := worker.load(provable, left(job))) is not None:
            return failure
        self._jobs.advance(job, Stage.LOADED)
        return worker.prove(provable.name, work.elements, lambda: self._jobs.advance(job, Stage.PROVING), left(job))


def left(job: Job) -> float:
    """Seconds until a job is late."""
    return job.deadline - time.monotonic()


def read_outcome(heard: Message) -> Outcome:
    """What a worker has told of a job."""
    if heard.kind is Kind.PROVED:
        proof, inputs = bytes(heard.content[:PROOF_BYTES]), bytes(heard.content[PROOF_BYTES:])
        places = range(0, len(inputs), FIELD_BYTES)
        values = tuple(int.from_bytes(inputs[place : place + FIELD_BYTES], "big") for place in places)
        return Proved(decode_proof(proof), values)
    if heard.kind is Kind.REFUSED:
        told = heard.read()
        is_rule = told["reason"] == Reason.W30_RULE_BROKEN
        return OperationFailure(
            told["reason"], told["field"], describe_rule(told["field"]) if is_rule else told["expected"]
        )
    return BROKEN
