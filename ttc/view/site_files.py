"""The files of the page: what `ttc/view/site/` holds, as they are served and exported."""

from __future__ import annotations

from pathlib import Path

SITE = Path(__file__).parent / "site"
INDEX = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
# Only a header can say who may show the page in a frame.
LIVE_POLICY = f"{POLICY}; frame-ancestors 'none'"
_HEAD = "<!-- ttc:head -->"
_MODE = 'data-mode="live"'
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
TEXT = "text/plain; charset=utf-8"


def files() -> dict[str, Path]:
    """Return the files by the path under which the page asks for them, with `/` in it."""
    found = (path for path in sorted(SITE.rglob("*")) if path.is_file())
    return {path.relative_to(SITE).as_posix(): path for path in found}


def media_type(name: str) -> str:
    """Return the media type of a file; text where it is not one that the page needs."""
    return TYPES.get(Path(name).suffix, TEXT)


def exported_index() -> str:
    """Return the page for an export: it reads its documents from files, and has its policy in
    itself. Chromium takes a file for `'self'` only if the scheme is named."""
    text = (SITE / INDEX).read_text(encoding="utf-8")
    policy = POLICY.replace("'self'", "'self' file:")
    return text.replace(
        _HEAD, f'<meta http-equiv="Content-Security-Policy" content="{policy}">', 1
    ).replace(_MODE, 'data-mode="exported"', 1)
