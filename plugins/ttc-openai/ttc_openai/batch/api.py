"""The requests of a batch: upload a file, create a batch, ask for it, list, download, cancel.

Faults that may pass are tried again with a growing pause. Creating is not: whether a failed request
created a batch must be found out first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import openai

from ttc.errors import BackendError
from ttc_openai.client import sync_client
from ttc_openai.diagnosis import classify_error
from ttc_openai.errors import ExchangeError
from ttc_openai.server import ModelServer

T = TypeVar("T")
Json = Mapping[str, Any]
# The longest pause between two tries of a request, in seconds; and the pages of a list to read.
LONGEST, PAGES = 60.0, 20
METADATA = "ttc"


class BatchApi:
    """The API of one server. Raises BackendError for what cannot be mended by trying again."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        options = server.options
        self._client = sync_client(server.address, server.key, options.timeout, options.headers)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def upload(self, path: Path) -> str:
        """Upload an input file; return its id."""

        def send() -> str:
            with path.open("rb") as file:
                files = self._client.files.with_raw_response
                return _id(files.create(file=(path.name, file), purpose="batch"), "a file")

        return self._again(send, f"uploading {path.name}")

    def create(self, input_file: str, endpoint: str, name: str) -> str:
        """Create a batch and return its id. Raises ExchangeError; it may exist all the same."""
        window: Any = self._server.options.batch_window
        given: Any = {"input_file_id": input_file, "endpoint": endpoint}
        given["completion_window"] = window
        try:
            return self._created({**given, "metadata": {METADATA: name}})
        except ExchangeError as fault:
            if fault.refused is None or "metadata" not in fault.refused.text:
                raise
        return self._created(given)

    def _created(self, given: Any) -> str:
        return self._once(lambda: _id(self._client.batches.with_raw_response.create(**given)))

    def find(self, input_file: str, name: str) -> str | None:
        """Return the id of the batch of an input file, None if the server has none.

        BackendError if it does not list batches, so that this cannot be known.
        """
        after: Any = openai.omit
        for _ in range(PAGES):
            page = self._again(partial(self._page, after), "listing batches")
            rows = [row for row in page.get("data") or [] if isinstance(row, Mapping)]
            for row in rows:
                metadata = row.get("metadata")
                named = isinstance(metadata, Mapping) and metadata.get(METADATA) == name
                if row.get("input_file_id") == input_file or named:
                    return str(row["id"])
            if not page.get("has_more") or not rows:
                break
            after = str(rows[-1].get("id"))
        return None

    def _page(self, after: Any) -> Json:
        return _json(self._client.batches.with_raw_response.list(after=after, limit=100))

    def batch(self, batch_id: str) -> Json:
        """Return a batch. Raises ExchangeError."""
        return self._once(lambda: _json(self._client.batches.with_raw_response.retrieve(batch_id)))

    def cancel(self, batch_id: str) -> Json:
        """Ask the server to cancel a batch; return it."""

        def send() -> Json:
            return _json(self._client.batches.with_raw_response.cancel(batch_id))

        return self._again(send, f"cancelling {batch_id}")

    def rows(self, file_id: str) -> Iterator[Json]:
        """Yield the lines of an output file; one that is no JSON object is left out."""

        def load() -> bytes:
            return bytes(self._client.files.content(file_id).content)

        for line in self._again(load, f"downloading {file_id}").split(b"\n"):
            try:
                row = json.loads(line) if line.strip() else None
            except ValueError:
                continue
            if isinstance(row, Mapping):
                yield row

    def _once(self, act: Callable[[], T]) -> T:
        """Send a request. Raises ExchangeError."""
        try:
            return act()
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, OSError) as error:
            raise classify_error(error, self._server.address, self._server.key) from error

    def _again(self, act: Callable[[], T], what: str) -> T:
        """Send a request until it is answered; BackendError if no more tries would help."""
        pause = 1.0
        for left in reversed(range(self._server.options.retries + 1)):
            try:
                return self._once(act)
            except ExchangeError as fault:
                if fault.missing and what.startswith("uploading"):
                    raise BackendError(
                        f"{self._server.address.base_url}: the server takes no files (404), so it "
                        "has no batch API; write the model without batch:"
                    ) from fault
                if not fault.again or not left:
                    raise BackendError(f"{what}: {fault}") from fault
                time.sleep(min(fault.after or pause, LONGEST))
                pause *= 2
        raise AssertionError


def _json(response: Any) -> Json:
    """Return the object of a response. Raises ValueError if it is none."""
    found = json.loads(response.http_response.content)
    if isinstance(found, Mapping) and isinstance(found.get("job"), Mapping):
        found = found["job"]  # Together's
    if not isinstance(found, Mapping):
        raise ValueError(f"not a JSON object: {str(found)[:60]}")
    return found


def _id(response: Any, what: str = "a batch") -> str:
    found = _json(response).get("id")
    if not isinstance(found, str) or not found:
        raise ValueError(f"the server returned no id of {what}")
    return found
