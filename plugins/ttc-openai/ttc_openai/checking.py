"""What `ttc doctor` asks of a server: its list of models, which is free, and nothing else."""

from __future__ import annotations

from difflib import get_close_matches

from ttc.backends import Finding
from ttc.errors import BackendError
from ttc_openai.server import ModelServer, listing, shown


def findings(server: ModelServer) -> tuple[Finding, ...]:
    """Return whether the server answers, and whether it serves the model."""
    try:
        found = listing(server)
    except BackendError as error:
        return (_refused("server", error),)
    where, wanted = server.address.base_url, server.address.model
    if found.models is None:
        return (Finding("server", True, f"{where} answers; it {found.why}"),)
    several = f"{len(found.models)} model{'s' * (len(found.models) != 1)}"
    answers = Finding("server", True, f"{where} answers, with {several}")
    if found.find(wanted) is None:
        near = get_close_matches(wanted, found.models, n=1) or [shown(found.models)]
        remedy = f"name one that it has ({near[0]}); it may know others than it lists"
        return answers, Finding("model", False, f"its list lacks {wanted!r}", remedy)
    try:
        server.check()
    except BackendError as error:
        return answers, _refused("model", error)
    return answers, Finding("model", True, f"{wanted} is served")


def _refused(what: str, error: BackendError) -> Finding:
    detail, _, remedy = str(error).partition("; ")
    return Finding(what, False, detail, remedy)
