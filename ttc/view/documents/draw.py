"""`draw`: one draw whole, with what every verifier says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ttc import interchange, scores
from ttc.answers import thinking
from ttc.records import Sample
from ttc.store import attempts, judged, samples
from ttc.view import parameters
from ttc.view.documents.listing import number_of
from ttc.view.documents.pools import seconds
from ttc.view.library import Library, Shelf
from ttc.view.parameters import UnknownError
from ttc.view.writing import exact

PIECE = 1_000_000  # characters of a text in one document


def draw(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a draw: its text as it is stored, its tokens, and the verdict of each verifier.

    Of a long text it has a piece of a million characters from `from`; `text_length` is the whole,
    and `next` where the next piece begins (None: there is none). `think` is what stands in thoughts
    and `answer_text` the rest; both are None without any, and for a text of several pieces. A draw
    that has only failed or been cancelled has its `attempts`, and the text of the last.
    """
    name = parameters.text(given, "pool")
    with library.reading() as reader:
        shelf = library.shelf(reader, name, given.get("verifier"))
        problem = parameters.text(given, "problem")
        number_of(shelf, problem)
        index = parameters.whole(given, "index")
        start = parameters.whole(given, "from", 0)
        made = attempts.of_draw(reader, shelf.pool, problem, index)
        found = samples.draw_of(reader, shelf.pool, problem, index)
        if found is not None:
            told = judged.of_problem(reader, shelf.pool, problem, index)
            whole = draw_of(shelf, found[1], told.get(found[0], ()), start=start)
            return {**whole, "attempts": made}
    if not made:
        raise UnknownError(
            f"{name} has no draw {index} of {problem!r}; ttc show {name} {problem} lists them"
        )
    last = {**made[-1], "created": seconds(made[-1]["created"])}
    whole = {"pool": name, "problem": problem, **last, **_pieces(last["text"], start)}
    return {**whole, "finish_reason": last["status"], "verdicts": [], "attempts": made}


def draw_of(
    shelf: Shelf, sample: Sample, told: Iterable[Mapping[str, Any]], *, start: int = 0
) -> dict[str, Any]:
    """Return the document of a sample, without attempts; `told` is what the verifiers say of it
    (`judged.of_problem`)."""
    line = exact(interchange.sample_line(sample))
    confidences = line.pop("confidences", None)
    counts = None if shelf.judge is None else shelf.judge.row
    return {
        **line,
        **_pieces(sample.text, start),
        "confidences": None if confidences is None else len(confidences),
        "verdicts": [
            {**_verdict(each), "counts": each["id"] == counts, "label": _label(shelf, each)}
            for each in told
        ],
    }


def _label(shelf: Shelf, verdict: Mapping[str, Any]) -> str:
    """Return the label of the verifier of a verdict; with its version if it is not the latest."""
    for judge in shelf.judges.every:
        if judge.row == verdict["id"]:
            return judge.label
    return f"{verdict['verifier']} {verdict['version']}"


def _verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        **{name: row[name] for name in ("id", "verifier", "version", "config", "answer", "status")},
        "correct": None if row["correct"] is None else bool(row["correct"]),
        "score": scores.written(row["score"]),
        "detail": row["detail"],
        "tokens": row["tokens"],
        "created": seconds(row["created"]),
    }
    cast: Sequence[Any] = row["votes"]
    if cast:
        found["judge"] = {
            "votes": [vote.value for vote in cast],
            "words": [vote.text for vote in cast],
        }
    return found


def _pieces(text: str, start: int) -> dict[str, Any]:
    """Return a piece of a text; of one that is a single piece, also its thoughts and the rest."""
    end = start + PIECE
    found: dict[str, Any] = {
        "text": text[start:end],
        "text_length": len(text),
        "from": start,
        "next": end if end < len(text) else None,
        "think": None,
        "think_open": None,
        "answer_text": None,
    }
    if len(text) <= PIECE:  # reading a longer one would take seconds
        split = thinking.read(text)
        thought = "\n\n".join(text[begin:end] for begin, end in split.spans)
        found["think"] = thought if split.thought else None
        found["think_open"] = split.open
        found["answer_text"] = split.said if split.thought else None
    return found
