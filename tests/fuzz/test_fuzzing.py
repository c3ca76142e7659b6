"""Coverage-guided fuzzing of every parser, in Python and in Rust, for a bounded time.

What is found is left in a file that the failure names. It belongs into ``corpus``, under a name that says what it did:
the quick suite replays it from then on.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from tests.fuzz.targets import CORPUS, PYTHON, RUST
from tests.packaging.sources import REPOSITORY

SECONDS: Final = int(os.environ.get("RINGFENCE_FUZZ_SECONDS", "5"))
"""For each target. Some hours are better where there is something new."""
LONGEST_INPUT: Final = 8192
MOST_MEGABYTES: Final = 2048
MOST_SECONDS_FOR_ONE: Final = 60
START: Final = 600
"""How long the interpreter, and counters in every branch, may take before the first input."""

COUNTING: Final = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=3",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
)
"""What makes the compiler count branches and show comparisons to the fuzzer, in the code of this project alone."""

ATHERIS: Final = find_spec("atheris")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ATHERIS is None, reason="NOTHING IS FUZZED: atheris is not installed (make setup)"),
]


def fuzzer_of_rust() -> str:
    """The fuzzer as a library that is there before Python: the counters of the native module report to it."""
    assert ATHERIS is not None
    assert ATHERIS.origin is not None
    return str(Path(ATHERIS.origin).parents[1] / "ubsan_with_fuzzer.so")


@pytest.fixture(scope="session")
def counting_native() -> Path:
    """A build of the native module that a fuzzer can see into."""
    if which("cargo") is None:
        pytest.skip("NO RUST IS FUZZED: there is no cargo")
    manifest = REPOSITORY / "native" / "Cargo.toml"
    build = ["cargo", "rustc", "--quiet", "--locked", "--manifest-path", str(manifest), "--package", "snark-native"]
    environment = os.environ | {"PYO3_BUILD_EXTENSION_MODULE": "1", "PYO3_PYTHON": sys.executable}
    subprocess.run([*build, "--lib", "--profile", "fuzz", "--", *COUNTING], env=environment, check=True)  # noqa: S603 -- cargo
    return REPOSITORY / "native" / "target" / "fuzz" / "libsnark_native.so"


def fuzz(target: str, found: Path, *native: Path) -> int:
    """Fuzz a target; how many branches were reached."""
    (found / "corpus").mkdir()
    options = {
        "max_total_time": SECONDS,
        "max_len": LONGEST_INPUT,
        "rss_limit_mb": MOST_MEGABYTES,
        "timeout": MOST_SECONDS_FOR_ONE,
        "artifact_prefix": f"{found}/",
        "print_final_stats": 1,
    }
    done = subprocess.run(  # noqa: S603 -- this interpreter
        [
            *(sys.executable, "-m", "tests.fuzz.driver", target, *map(str, native), "--"),
            *(f"-{name}={value}" for name, value in options.items()),
            *(str(found / "corpus"), str(CORPUS / target)),
        ],
        cwd=REPOSITORY,
        env=os.environ | ({"LD_PRELOAD": fuzzer_of_rust()} if native else {}),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS + START + MOST_SECONDS_FOR_ONE,
    )
    left = sorted(str(path) for path in found.iterdir() if path.is_file())
    assert done.returncode == 0, f"{target}: {left}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return max(map(int, re.findall(r"cov: (\d+)", done.stderr)))


@pytest.mark.parametrize("target", PYTHON)
def test_a_parser_in_python(target: str, tmp_path: Path) -> None:
    assert fuzz(target, tmp_path) > 10


@pytest.mark.parametrize("target", RUST)
def test_a_parser_in_rust(target: str, tmp_path: Path, counting_native: Path) -> None:
    assert fuzz(target, tmp_path, counting_native) > 50
