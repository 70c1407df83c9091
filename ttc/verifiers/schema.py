"""schema: the text is JSON that is valid under a JSON Schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ttc.answers.extract import visible
from ttc.backends.asking import json_schema
from ttc.records import Sample, Verdict
from ttc.verifiers.fences import candidates
from ttc.verifiers.workers.pool import CallLimits, Reply, Workers, require

_LIMITS = CallLimits(cpu_seconds=2.0, memory_bytes=1 << 30)


class Schema:
    """The text is JSON, valid under the JSON Schema in a file (`schema:answer.schema.json`).

    The JSON is the whole text, or else the last fenced block marked json that is JSON, or, if no
    block is marked so, the last block that is. Comments, NaN and duplicate keys are refused, and so
    is JSON with prose around it outside of a block. The answer is the canonical JSON, valid or not.
    No reference is needed; `format` is not enforced, and no `$ref` is fetched. A text that takes
    more than two seconds of processor time is undecided.
    """

    name = "schema"
    version = "2"
    reads_reference = False
    takes = "text"

    def __init__(self, file: str) -> None:
        if not file:
            raise ValueError("schema needs a file, as in schema:answer.schema.json")
        require("schema")
        self._schema = _checked(file)

    @property
    def config(self) -> Mapping[str, Any]:
        """The digest of the schema, whatever file it is in."""
        return {"sha256": hashlib.sha256(self._schema.encode()).hexdigest()}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order."""
        with Workers("ttc.verifiers.workers.schema_check:validate", _LIMITS, count=1) as workers:
            for sample in samples:
                texts = candidates(visible(sample.text))
                (reply,) = workers.map([[self._schema, *texts]])
                yield _verdict(reply)


def _checked(file: str) -> str:
    """Return the schema in a file as canonical JSON; ValueError if it is not a JSON Schema."""
    json_schema.need_library()
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{file}: {reason}; give a file that holds a JSON Schema") from None
    return json.dumps(json_schema.read(text, file), sort_keys=True)


def _verdict(reply: Reply) -> Verdict:
    if reply.status != "ok":
        return Verdict(status=reply.status, detail=reply.detail)
    if not isinstance(reply.value, list) or not reply.value:
        return Verdict(correct=False, score=0.0, status="no_answer", detail="it has no JSON")
    answer, *errors = map(str, reply.value)
    return Verdict(answer, not errors, float(not errors), detail="".join(errors))
