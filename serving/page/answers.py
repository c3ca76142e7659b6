"""How a page's server answers: files that were built beforehand, a document, or why there is none."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def list_pages(package: str, pages: Mapping[str, str]) -> list[Route]:
    """Every file of ``pages`` by the path that it is served at; nothing of what is asked for reaches the disk."""
    folder = files(package) / "pages"
    contents = {path: (folder / name).read_bytes() for path, name in pages.items()}
    kinds = {path: KINDS[name[name.rindex(".") :]] for path, name in pages.items()}

    def show_page(request: Request) -> Response:
        return Response(contents[request.url.path], media_type=kinds[request.url.path])

    return [Route(path, show_page) for path in pages]


def respond(document: Mapping[str, object] | None, expected: str) -> Response:
    """A document, or that there is none."""
    return refuse(404, expected) if document is None else JSONResponse(document)


def refuse(status: int, expected: str) -> Response:
    """Why not."""
    return JSONResponse({"error": {"kind": "refused", "expected": expected}}, status)
