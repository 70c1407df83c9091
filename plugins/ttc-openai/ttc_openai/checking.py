"""What `ttc doctor` asks of a server: its list of models, which is free, and nothing else."""

from __future__ import annotations

from ttc.backends import Finding
from ttc.errors import BackendError
from ttc_openai.server import Server, listing


def findings(server: Server) -> tuple[Finding, ...]:
    """Return whether the server answers, and whether it serves the model."""
    try:
        found = listing(server)
    except BackendError as error:
        return (_refused("server", error),)
    where = server.address.base_url
    if found is None:
        return (Finding("server", True, f"{where} answers, and does not list its models"),)
    several = f"{len(found)} model{'s' * (len(found) != 1)}"
    answers = Finding("server", True, f"{where} answers, with {several}")
    try:
        server.check()
    except BackendError as error:
        return answers, _refused("model", error)
    return answers, Finding("model", True, f"{server.address.model} is served")


def _refused(what: str, error: BackendError) -> Finding:
    detail, _, remedy = str(error).partition("; ")
    return Finding(what, False, detail, remedy)
