"""What is in ``deploy/`` starts commands, copies files and asks for metrics that are there.

No image is built and no unit is started: that takes an engine and a machine. What can be known without is asked here.
"""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import PurePosixPath

import pytest
from prometheus_client import CollectorRegistry

from facts.log_entry import Event
from ringfence.cli.chain_measures import (
    BoardMeasures,
    LookMeasures,
    NodeMeasures,
    ObserveMeasures,
    RelayMeasures,
    WatchMeasures,
)
from serving.errors import REASONS
from serving.log import Log
from serving.metrics import MeasuredCalls, measure_load
from tests.packaging.known_commands import require_command
from tests.packaging.sources import REPOSITORY, list_files, read, read_project
from verifier.service.measurement import VALID, Measures
from verifier.steps import Step

UNITS = [name for name in list_files() if name.suffix == ".service"]
DOCKERFILE = "deploy/Dockerfile"
DASHBOARD = "deploy/monitoring/ringfence.dashboard.json"
RULES = "deploy/monitoring/ringfence.rules.yml"
RUNBOOKS = "docs/operations/runbooks.md"
PROGRAM = "/opt/ringfence/.venv/bin/ringfence"
"""Where units have it, and this machine need not."""
MOST_EXPOSED = 2.0
"""Of 10, as systemd counts."""
METRIC = re.compile(r"\bringfence_\w+")
SELECTED = re.compile(r"(\w+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
MATCHED = re.compile(r'(\w+)(=~|!~|=|!=)"([^"]*)"')


def settings_of(unit: str) -> dict[str, list[str]]:
    """What a unit says, each name with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", read(unit), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_there_is_a_unit_for_each_program() -> None:
    assert {name.stem for name in UNITS} == {
        f"ringfence-{each}" for each in ("verifier", "prover", "watcher", "observer", "relayer", "poster", "console")
    }


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_a_unit_starts_a_command_as_an_account_of_its_own(unit: PurePosixPath) -> None:
    told = settings_of(str(unit))
    program, *words = shlex.split(told["ExecStart"][0])
    if "LoadCredential" in told:
        assert told["LoadCredential"] == [f"passphrase:/etc/{unit.stem}/passphrase"]
        flag, script = words
        assert (program, flag) == ("/bin/sh", "-c")
        asked, program, *words = shlex.split(script.split(" 3<")[0])
        assert asked == "exec"
    assert program == PROGRAM
    assert ("--passphrase-fd" in words) == ("LoadCredential" in told)
    require_command(words)
    assert told["User"] == told["Group"] == told["StateDirectory"] == [unit.stem]
    assert f"u {unit.stem} " in read("deploy/systemd/ringfence.sysusers.conf")
    page = told["Documentation"][0].removeprefix("file:/opt/ringfence/")
    assert (REPOSITORY / page).is_file()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here: no unit is verified")
@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_systemd_reads_a_unit_and_finds_little_exposed(unit: PurePosixPath) -> None:
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(REPOSITORY / unit)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in verified.stderr.splitlines() if unit.name in line and PROGRAM not in line]
    assert not complaints
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}"]
    rated = subprocess.run([*command, str(REPOSITORY / unit)], capture_output=True, text=True, check=False)
    if "unrecognized option" in rated.stderr:
        pytest.skip("this systemd rates no unit from a file")
    assert rated.returncode == 0, rated.stdout.splitlines()[-1:]


# --- The image ------------------------------------------------------------------------------------------


@cache
def instructions() -> list[tuple[str, str]]:
    """Every instruction of the Dockerfile with its words, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", read(DOCKERFILE))
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def copied() -> set[str]:
    """What is copied of the repository."""
    words = [rest.split() for name, rest in instructions() if name == "COPY" and not rest.startswith("--from")]
    return {source for each in words for source in each[:-1]}


def test_what_an_image_copies_is_there_and_not_ignored() -> None:
    assert [name for name in copied() if not (REPOSITORY / name).exists()] == []
    let_in = [line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")]
    assert [name for name in copied() if not any(name == each or name.startswith(f"{each}/") for each in let_in)] == []


def test_every_package_is_in_an_image() -> None:
    tool = read_project()["tool"]
    patterns = tool["setuptools"]["packages"]["find"]["include"]  # type: ignore[index] # as setuptools reads it
    packages = {name.parts[0] for name in list_files() if name.name == "__init__.py"}
    assert {name for name in packages if any(fnmatch(name, each) for each in patterns)} <= copied()


def test_everything_is_installed_by_its_hash() -> None:
    text = " ".join(rest for name, rest in instructions() if name == "RUN")
    installed = re.findall(r"pip install ([^&]+)", text)
    assert installed
    assert all("--require-hashes" in each or "--no-deps --no-index" in each for each in installed)


def test_the_page_names_the_extras_of_the_image() -> None:
    locked = re.search(r"^EXTRAS := (.+?) #", read("Makefile"), re.MULTILINE)
    said = re.search(r"It has the extras (.+?)\. ", read("docs/operations/deploying.md"), re.DOTALL)
    assert locked
    assert said
    assert set(re.findall(r"`(\w+)`", said[1])) == set(locked[1].split())


def test_the_last_stage_is_small_and_nobody_special() -> None:
    last = max(place for place, (name, _) in enumerate(instructions()) if name == "FROM")
    stage = instructions()[last:]
    assert ("USER", "10001:10001") in stage
    assert all("--from=build" in rest for name, rest in stage if name == "COPY")
    assert not any("apt-get" in rest or "pip" in rest for name, rest in stage if name == "RUN")
    assert dict(stage)["ENTRYPOINT"] == '["ringfence"]'
    workspace = tomllib.loads(read("native/Cargo.toml"))["workspace"]["package"]
    assert f"rust:{workspace['rust-version']}-" in instructions()[0][1]


# --- Metrics --------------------------------------------------------------------------------------------


@cache
def exported() -> dict[str, set[str]]:
    """Every name that the programs show to Prometheus, with its labels."""
    registry = CollectorRegistry()
    log = Log()
    measures = Measures(registry, log)
    for event in Event:
        measures.attestation_signed(event)
    MeasuredCalls(registry)
    measure_load(registry, lambda: 0)
    for kind in (LookMeasures, NodeMeasures, WatchMeasures, ObserveMeasures, RelayMeasures, BoardMeasures):
        kind(registry)
    names: dict[str, set[str]] = {}
    for collector, families in registry._collector_to_names.items():  # noqa: SLF001 -- nothing else names what has no sample yet
        labels = set(getattr(collector, "_labelnames", ()))
        names |= {name: labels | ({"le"} if name.endswith("_bucket") else set()) for name in families}
    return names


def queries() -> list[str]:
    """Whatever the dashboard and the alerts ask for."""
    panels = json.loads(read(DASHBOARD))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return asked + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, str]]:
    """The alerts."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: no alert is read")
    return [rule for group in yaml.safe_load(read(RULES))["groups"] for rule in group["rules"]]


def test_what_is_asked_for_is_exported() -> None:
    asked = {name for query in queries() for name in METRIC.findall(query)}
    assert len(asked) >= 10
    assert asked - exported().keys() == set()
    assert set(METRIC.findall(read("docs/operations/monitoring.md"))) - exported().keys() <= {"ringfence_call_seconds"}


def test_labels_and_their_values_are_those_of_the_programs() -> None:
    outcomes = {VALID, *(f"refused_{step.name.lower()}" for step in Step)}
    codes = {"INTERNAL", "UNAVAILABLE", "UNKNOWN", "RESOURCE_EXHAUSTED"}
    for name, selector in (found for query in queries() for found in SELECTED.findall(query)):
        for label, _, value in MATCHED.findall(selector):
            if name == "up":
                assert label == "job"
                continue
            assert label in exported()[name]
            if label == "outcome":
                assert set(value.split("|")) <= outcomes
            elif label == "code":
                assert set(value.split("|")) <= codes
            elif label == "reason":
                assert set(value.split("|")) <= REASONS | {""}
    grouped = {label for query in queries() for words in GROUPED.findall(query) for label in words.split(", ")}
    assert grouped <= {"job", "instance", *(label for labels in exported().values() for label in labels)}


def test_what_is_selected_of_a_relayer_can_happen_to_it() -> None:
    pytest.importorskip("web3", reason="web3 is not installed: no relayer runs here")
    from ringfence.cli.rounds import STEPS  # noqa: PLC0415

    known = {"cargo": {each.value for each in STEPS}, "step": {str(step) for steps in STEPS.values() for step in steps}}
    selectors = [selector for query in queries() for name, selector in SELECTED.findall(query) if "relay" in name]
    matched = [(label, value) for selector in selectors for label, _, value in MATCHED.findall(selector)]
    assert {label for label, _ in matched} == known.keys()
    assert [(label, value) for label, value in matched if value not in known[label]] == []


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert re.findall(r"^## (.+)$", read(RUNBOOKS), re.MULTILINE) == [rule["alert"] for rule in rules()]
