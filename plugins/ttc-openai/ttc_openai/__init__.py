"""The backend of ttc for OpenAI-compatible servers.

    -m http://localhost:8000/v1    -m http://localhost:8000/v1#MODEL    -m openai:MODEL
    -m ollama:MODEL    -m batch:ALIAS

Nothing heavy is imported here: the client library is loaded with the first request, so a run that
finds all its samples in the store costs milliseconds and needs no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.backends import Backend

__all__ = ["CAPABILITIES", "open_batch", "open_openai"]

# What servers can do at most; ttc models probe finds out what one does.
CAPABILITIES = frozenset(
    {"seed", "logprobs", "alternatives", "prefix", "stop-kept", "cancel", "request-fields"}
    | {"thinking", "thinking-effort", "thinking-budget", "template-arguments"}
    | {"schema", "grammar", "regex", "logit-bias", "penalties", "repeat-penalty"}
    | {"token-logprobs"}
)


def open_batch(model: str, options: Mapping[str, Any]) -> Backend:
    """Open a model on a server that draws by batch files: cheaper, done in minutes to hours.

    Arguments and errors are those of `open_openai`.
    """
    from ttc_openai.batch.backend import open_batch

    return open_batch(model, options)


def open_openai(model: str, options: Mapping[str, Any]) -> Backend:
    """Open a model on a server: its name, or the server's URL followed by `#MODEL`.

    Contacts the server only if a URL names no model. Raises UsageError for an invalid option or
    address, BackendError if the server must be contacted and does not answer.
    """
    from ttc_openai.backend import OpenAI

    return OpenAI.open(model, options)
