"""The model that a verifier asks, with what its alias says of every request."""

from __future__ import annotations

from typing import Any, NamedTuple

from ttc import keys
from ttc.backends import Backend
from ttc.backends.asking import extra_fields
from ttc.backends.resolve import ModelChoice
from ttc.messages import notes
from ttc.records import SamplingParams
from ttc.samples import asked
from ttc.verifiers.extras import SendingFields


class JudgeModel(NamedTuple):
    """An open model, and the further fields of requests that its alias has ("": none)."""

    backend: Backend
    fields: str = ""

    @classmethod
    def of(cls, choice: ModelChoice, backend: Backend) -> JudgeModel:
        """Return what a choice stands for. UsageError if the model takes no such fields.

        Headers are no part of it: the backend sends them with each request.
        """
        table = extra_fields.checked(choice.defaults.get("extra", {}), "[models.…] extra")
        table.pop(extra_fields.HEADERS, None)
        text = asked.fields(keys.canonical_json(table) if table else "", backend)
        if text:
            asked.check(backend, SamplingParams(extra=text), 0, raw=False)
        return cls(backend, text)

    def attach(self, verifier: Any) -> None:
        """Give the model to an attachable verifier."""
        if self.fields and isinstance(verifier, SendingFields):
            verifier.send_fields(self.fields)
        elif self.fields:
            notes.tell(f"the verifier {verifier.name} does not send the fields in [models.…] extra")
        verifier.attach(self.backend)
