"""The checks of a server for `ttc doctor`: only its list of models, which costs nothing."""

from __future__ import annotations

from difflib import get_close_matches

from ttc.backends import Finding
from ttc.errors import BackendError
from ttc.messages.counts import some
from ttc_openai.model_list import fetch_models
from ttc_openai.server import ModelServer


def findings(server: ModelServer) -> tuple[Finding, ...]:
    """Return whether the server answers, and whether it has the model."""
    try:
        found = fetch_models(server)
    except BackendError as error:
        return (_failure("server", error),)
    where, wanted = server.address.base_url, server.address.model
    if found.models is None:
        return (Finding("server", True, f"{where} answers; it {found.why}"),)
    several = some(len(found.models), "model")
    answers = Finding("server", True, f"{where} answers, with {several}")
    if found.find(wanted) is None:
        near = get_close_matches(wanted, found.models, n=1) or [found.names]
        remedy = f"name one that it lists ({near[0]}); it may have models that it does not list"
        return answers, Finding("model", False, f"its list lacks {wanted!r}", remedy)
    try:
        server.check()
    except BackendError as error:
        return answers, _failure("model", error)
    return answers, Finding("model", True, f"the server has {wanted}")


def _failure(what: str, error: BackendError) -> Finding:
    detail, _, remedy = str(error).partition("; ")
    return Finding(what, False, detail, remedy)
