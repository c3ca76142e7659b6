"""The page of the trader and what it asks for: files that were built beforehand, JSON, and the files of a claim."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from margin.documents.reading import Fields, parse_json, unique_fields
from margin.errors import MarginError
from prover.page.trader import Document, Trader
from prover.stream import failure_of
from serving.errors import Reason, ServingError
from serving.page.answers import list_pages
from snark.errors import SnarkError

PAGES: Final = MappingProxyType(
    {"/": "index.html", "/trader.js": "trader.js", "/trader.css": "trader.css", "/icon.svg": "icon.svg"}
)
"""Every file that is served, by its path."""
STATUSES: Final[Mapping[str, int]] = MappingProxyType(
    {"malformed": 400, "misuse": 409, "rejected": 409, "internal": 500}
)
STATUSES_OF_REASONS: Final[Mapping[str, int]] = MappingProxyType({Reason.NOT_FOUND: 404, Reason.QUEUE_FULL: 429})


def build_application(trader: Trader) -> Starlette:
    """The application, without whoever stands at its door."""

    def asks(answer: Callable[[Fields], Document]) -> Callable[[Request], Response]:
        return lambda request: JSONResponse(
            answer(Fields(unique_fields(list[tuple[str, object]](request.query_params.multi_items()))))
        )

    async def ask_for_proof(request: Request) -> Response:
        content = await request.body()
        return JSONResponse(await run_in_threadpool(lambda: trader.ask_for_proof(Fields(parse_json(content)))), 202)

    def list_positions(_: Request) -> Response:
        return JSONResponse(trader.list_positions())

    def list_keys(_: Request) -> Response:
        return JSONResponse(trader.list_keys())

    def list_proofs(_: Request) -> Response:
        return JSONResponse(trader.list_proofs())

    def show_proof(request: Request) -> Response:
        return JSONResponse(trader.show_proof(request.path_params["id"]))

    def cancel_proof(request: Request) -> Response:
        return JSONResponse(trader.cancel_proof(request.path_params["id"]))

    def pack_claim(request: Request) -> Response:
        return Response(trader.pack_claim(request.path_params["id"]), media_type="application/zip")

    routes = [
        *list_pages("prover.page", PAGES),
        Route("/api/positions", list_positions),
        Route("/api/keys", list_keys),
        Route("/api/outlook", asks(trader.show_outlook)),
        Route("/api/preview", asks(trader.show_preview)),
        Route("/api/proofs", list_proofs, methods=["GET"]),
        Route("/api/proofs", ask_for_proof, methods=["POST"]),
        Route("/api/proofs/{id}", show_proof),
        Route("/api/proofs/{id}/cancel", cancel_proof, methods=["POST"]),
        Route("/api/proofs/{id}/claim.zip", pack_claim),
    ]
    handlers = dict.fromkeys((MarginError, ServingError, SnarkError), tell_refusal)
    return Starlette(routes=routes, exception_handlers=handlers)


def tell_refusal(_: Request, error: Exception) -> Response:
    """Why not, as a caller of the service is told it: never what was found."""
    if not isinstance(error, MarginError | ServingError | SnarkError):
        raise error
    told, kind = failure_of(error), error.kind
    status = STATUSES_OF_REASONS.get(told.reason, STATUSES[kind])
    said = {"kind": kind, "reason": told.reason, "field": told.field, "expected": told.expected}
    return JSONResponse({"error": said}, status)
