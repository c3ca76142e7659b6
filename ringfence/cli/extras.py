"""What an installation may lack, and how it gets it."""

from importlib.util import find_spec

from margin.errors import MisuseError, Reason


def require_web3() -> None:
    """Chains are read and written with a library that not everybody needs."""
    if find_spec("web3") is None:
        expected = "pip install 'ringfence[chains]'"
        raise MisuseError(Reason.BACKEND_MISSING, "web3", found="not installed", expected=expected)


def require_starlette() -> None:
    """A console is served by a library that verifiers do not need."""
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        expected = "pip install 'ringfence[console]'"
        raise MisuseError(Reason.BACKEND_MISSING, "starlette", found="not installed", expected=expected)
