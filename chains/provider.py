"""A chain as web3 asks it: through the same bounded answers of the same nodes."""

import json
from contextlib import suppress
from typing import Any, cast

from chains.library import ExtraDataToPOAMiddleware, JSONBaseProvider, RPCEndpoint, RPCResponse, Web3
from chains.rpc import Chain
from margin.errors import MarginError


class ChainProvider(JSONBaseProvider):
    """A chain as web3 asks it."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self._chain = chain

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - as web3 has it
        """One question."""
        plain = json.loads(self.encode_rpc_request(method, params))["params"]
        return cast("RPCResponse", self._chain.request(method, plain))

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - as web3 has it
        """Whether some node answers."""
        with suppress(MarginError):
            self._chain.ask("web3_clientVersion")
            return True
        return False


def open_web3(chain: Chain) -> Web3:
    """The chain for whoever calls contracts and sends transactions; blocks of any author can be read."""
    web3 = Web3(ChainProvider(chain))
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return web3
