"""The `replay` backend: serves recorded samples, and no more than were recorded.

`-m replay:POOL` or `-m replay:FILE.jsonl` (lines of `ttc sample`). It is how strategies, tests
and examples run without a model. A prompt is found by its content; draw i gets the recorded
draw i.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ttc import keys, paths
from ttc.backends import Backend, Completion, ModelInfo, Request
from ttc.backends.simulated import CAPABILITIES, SimulatedBackend
from ttc.errors import BackendError, TtcError
from ttc.messages import notes
from ttc.messages.counts import some
from ttc.options import OptionReader
from ttc.records import Problem, Sample


def recorded_completion(sample: Sample) -> Completion:
    """Return the completion that a sample came from."""
    return Completion(
        request_id="",
        text=sample.text,
        finish_reason=sample.finish_reason,
        prompt_tokens=sample.prompt_tokens,
        completion_tokens=sample.completion_tokens,
        think_tokens=sample.think_tokens,
        logprob=sample.logprob,
        confidences=sample.confidences,
        stop=sample.stop,
    )


class Recording:
    """Recorded draws by prompt, served in draw order."""

    def __init__(self, samples: Iterable[Sample], source: str) -> None:
        self._source = source
        self._draws: dict[str, dict[int, Completion]] = {}
        for sample in samples:
            prompt = sample.prompt_id
            if prompt is None and sample.asked:
                prompt = keys.prompt_id(Problem("", sample.asked))
            if prompt is None:
                raise BackendError(
                    f"{source}: {sample.problem} has no prompt_id and no question, so its prompt "
                    "cannot be found again; replay lines written by ttc sample"
                )
            draws = self._draws.setdefault(prompt, {})
            draws[sample.index] = recorded_completion(sample)
        self._next: Counter[str] = Counter()

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities of a backend over it: log-probabilities only if all draws have them."""
        every = [done for draws in self._draws.values() for done in draws.values()]
        lacking = {"logprobs"} if any(done.logprob is None for done in every) else set()
        sure = all(done.confidences is not None for done in every)
        return CAPABILITIES - lacking | ({"alternatives"} if sure else set())

    @property
    def fingerprint(self) -> str:
        """The digest of everything that can be served."""
        held = {
            prompt: [[draw, done.text, done.completion_tokens] for draw, done in sorted(d.items())]
            for prompt, d in self._draws.items()
        }
        return keys.digest("replay1", held)

    def serve(self, request: Request) -> Completion:
        """Return the recorded draw of a request. BackendError if there is none."""
        asked = Problem("", messages=request.messages, prompt=request.prompt)
        prompt = keys.prompt_id(asked)
        draws = self._draws.get(prompt)
        if draws is None:
            raise BackendError(f"{self._source}: this prompt was not recorded")
        draw = request.draw
        if draw is None:
            draw = self._next[prompt]
            self._next[prompt] += 1
        if draw not in draws:
            kept = ("draw of this prompt was", "draws of this prompt were")
            raise BackendError(
                f"{self._source}: {some(len(draws), *kept)} recorded, and draw {draw} "
                "is not among them; lower -n"
            )
        return draws[draw]


def _samples(source: str, database: Path) -> list[Sample]:
    from ttc.interchange import Intake, read_samples
    from ttc.store import Store, pools, samples
    from ttc.store.named import is_file

    if is_file(source, database):
        intake = Intake(None, ("problem", "text"))
        found = [sample for _, sample in read_samples(source, intake=intake)]
        for line in intake.notes():
            notes.tell(f"note: {source}: {line}")
        return found
    with Store.reading(database) as store:
        pool = pools.find(store.reader, source)
        if pool is None:
            raise BackendError(f"replay:{source}: no such pool and no such file; see ttc ls")
        return [sample for _, sample in samples.of_pool(store.reader, pool)]


def open_replay(model: str, options: Mapping[str, Any]) -> Backend:
    """Open the recording of a pool or a file. Option `db` names the store."""
    OptionReader("replay", {name: options[name] for name in options if name != "db"}).end()
    database = Path(options.get("db") or paths.default_database())
    if not model:
        raise BackendError("replay: name a pool or a file, -m replay:NAME")
    try:
        recording = Recording(_samples(model, database), model)
    except BackendError:
        raise
    except TtcError as error:
        raise BackendError(f"replay: {error}") from error
    info = ModelInfo(name=f"replay:{Path(model).stem}", fingerprint=recording.fingerprint)
    return SimulatedBackend(info, recording.serve, capabilities=recording.capabilities)
