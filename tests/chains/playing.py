"""A node that a test plays, over a real socket: it takes transactions, and has them in a block when it is told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from facts.keccak import hash_keccak


class NodeError(Exception):
    """What the node says instead of a result."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        self.said = {"code": code, "message": message, **({} if data is None else {"data": data})}


@dataclass
class PlayedNode:
    """What it knows; a test changes it under way."""

    chain_id: int = 1
    base_fee: int = 10**9
    tip: int = 10**9
    gas: int = 50_000
    count: int = 0
    """Of the account's transactions in blocks."""
    head: int = 10
    sent: list[dict[str, Any]] = field(default_factory=list)
    """Transactions that were handed over, decoded by somebody else's library."""
    signers: list[str] = field(default_factory=list)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    least_fee: int = 0
    """For less it does not take a transaction: another one with its number is there."""
    calls: Callable[[dict[str, Any]], str] = lambda _: "0x"
    on_send: Callable[["PlayedNode", str], None] = lambda node, sent: node.mine(sent)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, params: list[Any]) -> object:
        """One method."""
        self.asked.append(method)
        zero = "0x" + "00" * 32
        newest = {"number": hex(self.head), "hash": zero, "parentHash": zero, "timestamp": "0x1"}
        plain = {
            "eth_chainId": hex(self.chain_id),
            "eth_blockNumber": hex(self.head),
            "eth_getCode": "0x60",
            "eth_getBlockByNumber": newest | {"baseFeePerGas": hex(self.base_fee)},
            "eth_maxPriorityFeePerGas": hex(self.tip),
            "eth_getTransactionCount": hex(self.count),
        }
        if method in plain:
            return plain[method]
        if method == "eth_getTransactionReceipt":
            return self.receipts.get(params[0])
        if method == "eth_sendRawTransaction":
            return self._take(params[0])
        answer = self.calls(params[0])
        return hex(self.gas) if method == "eth_estimateGas" else answer

    def mine(self, sent: str, *, status: int = 1) -> None:
        """Have a transaction in the next block."""
        self.head += 1
        self.count += 1
        self.receipts[sent] = {
            "transactionHash": sent,
            "blockNumber": hex(self.head),
            "gasUsed": hex(self.gas),
            "status": hex(status),
            "effectiveGasPrice": hex(self.base_fee + self.tip),
        }

    def _take(self, raw: str) -> str:
        transaction = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        if transaction["nonce"] < self.count:
            raise NodeError(-32000, "nonce too low: next nonce 1, tx nonce 0")
        if transaction["maxFeePerGas"] < self.least_fee:
            raise NodeError(-32000, "replacement transaction underpriced")
        self.sent.append(transaction)
        self.signers.append(Account.recover_transaction(raw))
        name = f"0x{hash_keccak(bytes.fromhex(raw[2:])).hex()}"
        self.on_send(self, name)
        return name


@contextmanager
def play(node: PlayedNode) -> Iterator[str]:
    """Its address for as long as it listens."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
            try:
                answer["result"] = node.answer(asked["method"], asked["params"])
            except NodeError as error:
                answer["error"] = error.said
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
