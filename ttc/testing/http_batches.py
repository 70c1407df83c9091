"""The files and batches of the scripted server: a batch API with faults on demand."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.testing.http_answers import Answer, Behaviour, Json

_NAME = re.compile(rb'name="file"; filename="([^"]*)"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n')


@dataclass
class Batches:
    """What a server has of files and batches, and how it behaves.

    A batch ends as `ends` (`completed`, `failed`, `expired`, `cancelled`) once it was asked for
    `polls` times. `gives` says for each line, by its position, what there is of it: `answer`,
    `error` or `nothing`. `lists`: batches can be listed. `metadata`: `kept`, `dropped` or
    `refused`. `spelling` changes the names of states.

    `faults` are consumed by requests, one each: a status (`429:SECONDS`, `500`), or `` for none.
    `hangs` names the step in which a request gets no answer, once: `upload`, `create`, `poll`,
    `list` or `download`, before its effect or `after` it (`create-after`); `held` is set then.
    `steps` lists what was asked for.
    """

    polls: int = 1
    ends: str = "completed"
    gives: Callable[[int], str] = lambda position: "answer"
    lists: bool = True
    metadata: str = "kept"
    spelling: Callable[[str], str] = str
    faults: deque[str] = field(default_factory=deque)
    hangs: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    steps: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Json] = field(default_factory=dict)

    @property
    def submitted(self) -> list[str]:
        """The names of the lines of all batches, each as often as it was submitted."""
        files = (self.files[batch["input_file_id"]] for batch in self.batches.values())
        return [json.loads(line)["custom_id"] for data in files for line in data.splitlines()]

    def answer(
        self, method: str, path: str, data: bytes, behaviour: Behaviour
    ) -> tuple[int, bytes, str] | None:
        """Return status, body and Retry-After of a request; None for one without an answer."""
        step = _step(method, path)
        self.steps.append(step)
        status, _, after = (self.faults.popleft() if self.faults else "").partition(":")
        if status:
            return int(status), _error("not now"), after
        if self._hung(step):
            return None
        found = self._done(step, path, data, behaviour)
        return None if self._hung(f"{step}-after") else (*found, "")

    def _hung(self, step: str) -> bool:
        if self.hangs != step:
            return False
        self.hangs = ""
        self.held.set()
        return True

    def _done(self, step: str, path: str, data: bytes, behaviour: Behaviour) -> tuple[int, bytes]:
        name = path.partition("?")[0].rstrip("/").split("/")
        if step == "upload":
            return 200, self._upload(data)
        if step == "download" and name[-2] in self.files:
            return 200, self.files[name[-2]]
        if step == "create":
            return self._create(json.loads(data))
        if step == "list":
            if not self.lists:
                return 404, _error("Not Found")
            rows = [*self.batches.values()][::-1]
            return 200, _json({"object": "list", "data": rows, "has_more": False})
        which = name[-2] if step == "cancel" else name[-1]
        if which not in self.batches:
            return 404, _error(f"No such batch: {which}")
        batch = self.batches[which]
        if step == "cancel":
            self.ends, batch["status"] = "cancelled", self.spelling("cancelling")
        else:
            self._advance(batch, behaviour)
        return 200, _json(batch)

    def _upload(self, data: bytes) -> bytes:
        found = _NAME.search(data)
        assert found is not None, data[:300]
        end = data.rindex(b"\r\n--", 0, len(data) - 4)
        return _json({"id": self._keep(data[found.end() : end]), "filename": found[1].decode()})

    def _keep(self, data: bytes) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = data
        return name

    def _create(self, asked: Json) -> tuple[int, bytes]:
        metadata = asked.pop("metadata", None)
        if metadata is not None and self.metadata == "refused":
            return 400, _error("Unrecognized request argument: metadata")
        if asked["input_file_id"] not in self.files:
            return 400, _error("no such file")
        name = f"batch_{len(self.batches)}"
        state = {"id": name, "object": "batch", "status": self.spelling("validating"), **asked}
        self.batches[name] = {**state, "asked": 0}
        if self.metadata == "kept":
            self.batches[name]["metadata"] = metadata
        return 200, _json(self.batches[name])

    def _advance(self, batch: Json, behaviour: Behaviour) -> None:
        if "output_file_id" in batch:
            return
        batch["asked"] += 1
        lines = self.files[batch["input_file_id"]].splitlines()
        counts = {"total": len(lines), "completed": 0, "failed": 0}
        batch |= {"status": self.spelling("in_progress"), "request_counts": counts}
        if batch["asked"] <= self.polls:
            return
        batch["status"] = self.spelling(self.ends)
        if self.ends == "failed":
            why = {"code": "invalid", "message": "the file is not valid", "line": 1}
            batch |= {"errors": {"object": "list", "data": [why]}, "output_file_id": None}
            return
        given = [self.gives(position) for position in range(len(lines))]
        counts |= {"completed": given.count("answer"), "failed": given.count("error")}
        rows = [
            _row(json.loads(line), gives, behaviour)
            for line, gives in zip(lines, given, strict=True)
        ]
        for name, kind in (("output_file_id", 200), ("error_file_id", 400)):
            kept = [row for row in rows if row and row["response"]["status_code"] == kind]
            batch[name] = self._keep(b"\n".join(map(_json, kept))) if kept else None


def _step(method: str, path: str) -> str:
    if "/files" in path:
        return "upload" if method == "POST" else "download"
    if path.endswith("/cancel"):
        return "cancel"
    if path.partition("?")[0].endswith("/batches"):
        return "create" if method == "POST" else "list"
    return "poll"


def _row(line: Mapping[str, Any], gives: str, behaviour: Behaviour) -> Json:
    """Return the row of an output file, or of an error file; {} for a line without one."""
    refused = sorted(behaviour.strict & line["body"].keys())
    if gives == "nothing":
        return {}
    if gives == "error" or refused:
        told = {"message": f"Unrecognized request argument: {refused}", "code": "bad"}
        response = {"status_code": 400, "body": {"error": told}}
    else:
        body = Answer(behaviour, line["url"], line["body"], "").whole()
        response = {"status_code": 200, "body": body}
    return {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def _error(message: str) -> bytes:
    return _json({"error": {"message": message, "type": "invalid_request_error"}})
