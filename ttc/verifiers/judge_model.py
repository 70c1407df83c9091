"""The model that a verifier asks, with what its alias says of every request."""

from __future__ import annotations

from typing import Any, NamedTuple

from ttc.backends import Backend
from ttc.messages import notes
from ttc.verifiers.extras import SendingFields


class JudgeModel(NamedTuple):
    """An open model, and the further fields of requests that its alias has ("": none)."""

    backend: Backend
    fields: str = ""

    def attach(self, verifier: Any) -> None:
        """Give the model to an attachable verifier."""
        if self.fields and isinstance(verifier, SendingFields):
            verifier.send_fields(self.fields)
        elif self.fields:
            notes.tell(f"the verifier {verifier.name} does not send the fields in [models.…] extra")
        verifier.attach(self.backend)
