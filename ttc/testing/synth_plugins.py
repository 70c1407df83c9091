"""SynthWorld on the command line: `-m synth:…` and the scorer of its traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ttc.backends import Backend
from ttc.options import OptionReader, parse_spec
from ttc.records import Sample, Verdict
from ttc.testing.synthworld import Scorer, World, open_world


def _world(text: str, options: Mapping[str, object]) -> tuple[World, dict[str, float]]:
    """Read `stays=0.7,depth=6,sigma=1` and the options of an alias. OptionError."""
    read = OptionReader("synth", {**options, **parse_spec(f"synth:{text}")[1]})
    stays, recovers = read.number("stays", 0.7), read.number("recovers", 0.02)
    world = World(stays, recovers, int(read.number("depth", 6.0)))
    error = {name: read.number(name, 0.0) for name in ("sigma", "hacked")}
    read.end()
    return world, error


def open_synth(model: str, options: Mapping[str, object]) -> Backend:
    """Open `-m synth:stays=0.7,depth=6`. UsageError for a bad option."""
    world, error = _world(model, options)
    return open_world(world, Scorer(world, **error))


class SynthScorer:
    """Scores traces of SynthWorld, and judges those that have ended: tests' own."""

    name = "synth"
    version = "1"
    takes = "text"

    def __init__(self, text: str = "") -> None:
        self._world, self._error = _world(text, {})
        self._scorer = Scorer(self._world, **self._error)

    @property
    def config(self) -> Mapping[str, object]:
        """The world, and the error of the scores."""
        return self._scorer.config

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order."""
        for sample in samples:
            found = sample.text.rpartition("answer=")[2] if "answer=" in sample.text else None
            correct = None if found is None else found == "1"
            yield Verdict(found, correct, self._scorer.of(sample.text))
