"""Every block of code on README and docs is typed, executed, drawn or read by what it is for, or says why not."""

import json
import re
import shlex
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict

from facts.public_inputs import FIXED_COUNT
from snark.groth16.formats.verification_key import format_verifying_key
from tests.documentation.documents import parse, read_block
from tests.documentation.pages import PAGES, Block, blocks, blocks_of
from tests.documentation.untyped import GENERATED, NOT_TYPED, TOLD, is_typed
from tests.packaging.known_commands import require_command
from tests.packaging.sources import REPOSITORY, list_files, read
from tests.snark.groth16.simulator import Simulator

WITH_ONE_LOCK = FIXED_COUNT + 1
READ = {"toml", "json", "csv"}
KNOWN = {"console", "sh", "python", "mermaid", *READ, "yaml", "solidity", "text", ""}
"""``mermaid`` is drawn by tests/drawing; ``text`` and what has no language are formulas, and pictures of letters."""
PROGRAM = re.compile(r"^(?:\$ )?(?:ringfence|python3?|pip|make|docker|systemctl|git|curl|grpcurl) ", re.MULTILINE)
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
SPLIT = re.compile(r"\s\$\w+")
"""A variable that some shells take for many words and others for one."""
BROKEN = "broken.json"
"""What is wrong with it is what its page is about; it is typed there."""
DOCUMENTS = [
    block for block in blocks(*READ) if block.title not in {TOLD, BROKEN} and not block.page.startswith(GENERATED)
]
UNTYPED = [block for block in blocks("sh", "console") if not is_typed(block)]


def test_every_block_is_in_a_language_that_something_reads() -> None:
    assert {block.language for page in PAGES for block in blocks_of(page)} <= KNOWN


def test_a_page_whose_commands_are_for_one_shell_says_so() -> None:
    lines = [(block, command.line) for block in blocks("console", "sh") for command in block.commands]
    split = {block.page for block, line in lines if SPLIT.search(QUOTED.sub("", line))}
    assert {page for page in split if "SH_WORD_SPLIT" not in read(page)} == set()
    assert split == {"docs/registry.md"}, "a page for newcomers is typed in any shell"


def test_a_command_stands_where_it_is_typed() -> None:
    texts = [block for block in blocks("text", "") if not block.page.startswith(GENERATED)]
    assert [block.place for block in texts if PROGRAM.search(block.text)] == []
    silent = [block for block in blocks("console", "sh") if not block.commands]
    assert [block.place for block in silent if not any(is_of(each, block) for each in blocks_of(block.page))] == []


def is_of(command: Block, output: Block) -> bool:
    """Whether a block goes on with what a terminal says in which a command was typed above."""
    return command.line < output.line and command.title == output.title != "" and bool(command.commands)


def test_what_is_not_typed_has_a_reason_that_is_needed() -> None:
    assert {block.title for block in UNTYPED if not block.page.startswith(GENERATED)} == NOT_TYPED.keys()


@pytest.mark.parametrize("block", UNTYPED, ids=lambda block: block.place)
def test_what_is_not_typed_would_be_understood(block: Block) -> None:
    for command in block.commands:
        for words in split_commands(command.line):
            if words[0] == "ringfence":
                require_command(words[1:])
            elif words[0] == "make":
                assert f"\n{words[1]}:" in read("Makefile")
            elif words[0] == "grpcurl":
                require_call(words)
            assert [word for word in words if word.startswith("deploy/") and not (REPOSITORY / word).exists()] == []


def split_commands(line: str) -> list[list[str]]:
    """The words of each command on a line; what is handed to an image is one as well."""
    parts = [shlex.split(part, comments=True) for part in line.split(" && ")]
    return parts + [words[words.index("ringfence") :] for words in parts if words[:2] == ["docker", "run"]]


def require_call(words: list[str]) -> None:
    """The file has this service and method, and the method takes what is sent."""
    file, (service, method) = words[words.index("-proto") + 1], words[-1].split("/")
    assert (REPOSITORY / words[words.index("-import-path") + 1] / file).is_file()
    module = import_module(file.removesuffix(".proto").replace("/", ".") + "_pb2")
    package, _, name = service.rpartition(".")
    described = module.DESCRIPTOR.services_by_name[name].methods_by_name[method]
    assert module.DESCRIPTOR.package == package
    if "-d" in words:
        message = getattr(module, described.input_type.name)()
        ParseDict(json.loads(words[words.index("-d") + 1]), message)


@pytest.mark.parametrize("block", DOCUMENTS, ids=lambda block: block.place)
def test_a_document_is_read_by_what_it_is_for(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = with_key(whole_text(block), tmp_path)
    if "chains" in parse(block.language, text) and find_spec("web3") is None:
        pytest.skip("web3 is not installed: what reads and writes chains has no settings to read")
    read_block(block, text, tmp_path)


def whole_text(block: Block) -> str:
    """A document; tables that stand alone belong to the one of a format above them."""
    if block.language != "toml" or "[release]" not in block.text or "format" in block.text:
        return block.text
    above = [each for each in blocks_of(block.page) if each.language == "toml" and each.line < block.line]
    return above[-1].text + block.text


def with_key(text: str, folder: Path) -> str:
    """A table of verifying keys, with a key where it says; the id on the page is that of a key from a ceremony."""
    if not (named := re.search(r'^file = "(.*)"$', text, re.MULTILINE)):
        return text
    key = Simulator.of(WITH_ONE_LOCK).key
    (folder / named[1]).write_text(format_verifying_key(key), encoding="utf-8")
    return re.sub(r'^id = ".*"$', f'id = "{key.id}"', text, flags=re.MULTILINE)


def test_what_collects_metrics_finds_them_and_their_alerts() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    (block,) = blocks("yaml")
    (job,) = yaml.safe_load(block.text)["scrape_configs"]
    (settings,) = (each for each in blocks_of(block.page) if each.language == "toml")
    assert job["static_configs"] == [{"targets": [parse("toml", settings.text)["metrics"]["address"]]}]
    selected = re.findall(r'job=~"([^"]+)"', read("deploy/monitoring/ringfence.rules.yml"))
    assert selected
    assert all(re.fullmatch(pattern, job["job_name"]) for pattern in selected)


def test_solidity_is_that_of_the_contracts() -> None:
    words = set(re.findall(r"\w+", " ".join(read(name) for name in list_files() if name.suffix == ".sol")))
    for block in blocks("solidity"):
        assert set(re.findall(r"\w+", re.sub(r"//.*", "", block.text))) <= words, block.place
