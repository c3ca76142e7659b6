"""web3, without what importing it does to the interpreter.

It loads py_ecc, which raises the recursion limit a hundredfold: a hostile JSON document could then run a parser through
the end of the stack. The limit is put back. Nothing else here imports web3.
"""

import sys
from typing import Final

RECURSION_LIMIT: Final = sys.getrecursionlimit()

# ruff: noqa: E402 -- the limit is read before web3 changes it
from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

sys.setrecursionlimit(RECURSION_LIMIT)

__all__ = ["ExtraDataToPOAMiddleware", "JSONBaseProvider", "RPCEndpoint", "RPCResponse", "Web3"]
