"""One target under a coverage-guided fuzzer, in a process of its own.

    python -m tests.fuzz.driver TARGET [NATIVE_MODULE] -- OPTIONS OF LIBFUZZER AND FOLDERS OF CORPORA

``NATIVE_MODULE`` is a build of ``snark._native`` that counts its branches, to be taken in the place of the one that is
installed. A finding ends the process with a status that is not zero and leaves the input behind.
"""

import sys
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

import atheris

NATIVE = "snark._native"


def load_counting_native(path: str) -> None:
    """Take this build for ``snark._native``; the fuzzer that it reports to has been loaded before Python."""
    loader = ExtensionFileLoader(NATIVE, path)
    spec = spec_from_loader(NATIVE, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[NATIVE] = module
    setattr(import_module("snark"), "_native", module)  # noqa: B010 -- no one else's private name


def main(arguments: list[str]) -> None:
    """Fuzz until the options say that it is enough."""
    split = arguments.index("--")
    target, *build = arguments[:split]
    if build:
        load_counting_native(build[0])
    with atheris.instrument_imports(include=["facts", "margin", "ringfence.wire", "snark"]):
        from tests.fuzz.targets import is_accepted  # noqa: PLC0415 -- instrumented

    def look_at(data: bytes) -> None:
        is_accepted(target, data)

    atheris.Setup([sys.argv[0], *arguments[split + 1 :]], look_at)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
