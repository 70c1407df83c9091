"""The page as a web application: its files and its documents, for one browser on this machine.

Model texts are data in JSON and never markup. Whoever asks has the token, from the address that
`ttc view` printed or from the cookie that this address sets; and asks for this machine by its name,
so that a page elsewhere, whose name was made to point here, learns nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ttc.errors import StoreError, TtcError, UsageError
from ttc.loopback import HOST, names_loopback
from ttc.messages.visible import one_line
from ttc.view import site_files
from ttc.view.documents import DOCUMENTS
from ttc.view.library import Library
from ttc.view.parameters import UnknownError
from ttc.view.writing import as_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

HEADERS = {
    "Content-Security-Policy": site_files.LIVE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRANGER = "this page is for the browser that opened the whole address that ttc view printed"
LONGEST = 8192  # characters of a query


def make(library: Library, token: str, port: int) -> ASGIApp:
    """Return the application; `port` is where it listens, which names its cookie."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    guard = Guard(token, port)

    def answer(request: Request) -> Response:
        response = guard.refusal(request) or guard.entrance(request) or _answer(library, request)
        response.headers.update(HEADERS)
        return response

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Starlette(routes=[Route("/{path:path}", answer, methods=methods)])


class Guard:
    """Decides who may ask."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"ttc-view-{port}"  # cookies do not tell ports apart

    def refusal(self, request: Request) -> Response | None:
        """Return the answer to one who may not ask; None if he may."""
        from starlette.responses import PlainTextResponse

        if request.method not in ("GET", "HEAD"):
            response = error(405, "this page only reads: GET and HEAD")
            response.headers["Allow"] = "GET, HEAD"
            return response
        if not names_loopback(request.headers.get("host", "")):
            return error(403, f"ask for {HOST} or localhost, not for another name")
        if len(request.url.query) > LONGEST:
            return error(414, f"a query has at most {LONGEST} characters")
        if self._matches(request.query_params.get("token")) or self._known(request):
            return None
        if request.url.path.startswith("/api/"):
            return error(403, STRANGER)
        return PlainTextResponse(f"ttc view: {STRANGER}\n", 403)

    def entrance(self, request: Request) -> Response | None:
        """Return the answer to the address with the token: the cookie, and the address without."""
        from starlette.responses import RedirectResponse

        if "token" not in request.query_params:
            return None
        rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
        # A path that begins with two slashes would name another host.
        path = "/" + request.url.path.lstrip("/\\")
        response = RedirectResponse(f"{path}?{urlencode(rest)}" if rest else path, 303)
        if self._matches(request.query_params["token"]):
            response.set_cookie(
                self._cookie, self._token, httponly=True, samesite="strict", path="/"
            )
        return response

    def _known(self, request: Request) -> bool:
        for header in request.headers.getlist("cookie"):
            try:
                found = SimpleCookie(header).get(self._cookie)
            except CookieError:
                continue
            if found is not None and self._matches(found.value):
                return True
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._matches(given)

    def _matches(self, given: str | None) -> bool:
        return given is not None and secrets.compare_digest(given.encode(), self._token.encode())


def error(status: int, why: str) -> Response:
    """Return an error as the page reads it, on one line."""
    return _json({"error": one_line(why)}, status)


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    from starlette.responses import Response

    return Response(as_json(document), status, media_type="application/json")


def _answer(library: Library, request: Request) -> Response:
    from starlette.responses import Response

    path = request.path_params["path"]
    if path.startswith("api/"):
        return _document(library, path.removeprefix("api/"), request.query_params)
    name = path or site_files.INDEX
    file = site_files.files().get(name)
    if file is None:
        return error(404, f"there is no file {name!r} here")
    return Response(file.read_bytes(), media_type=site_files.media_type(name))


def _document(library: Library, name: str, given: Mapping[str, str]) -> Response:
    if name not in DOCUMENTS:
        return error(404, f"there is no document {name!r}; there are {', '.join(DOCUMENTS)}")
    try:
        return _json(DOCUMENTS[name](library, given))
    except UnknownError as unknown:
        return error(404, str(unknown))
    except UsageError as wrong:
        return error(400, str(wrong))
    except StoreError as broken:
        return error(503, str(broken))
    except TtcError as failed:
        return error(500, str(failed))
    except Exception as bug:
        logging.getLogger("ttc").exception("view: %s", name)
        return error(500, f"a bug of ttc: {type(bug).__name__}: {bug}; ttc view -vv shows where")
