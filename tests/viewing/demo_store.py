"""A store to look at: two pools with draws of every kind, two verifiers, a judge, and a search.

    python tests/viewing/demo_store.py FILE

Nothing in it is random. `demo` has 12 problems of 8 draws and one of hostile texts; `other` has the
same problems by another model, better at some and worse at others; `beams` has answers of a method
whose steps are in the store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ttc.backends import Completion
from ttc.records import Message, Problem, Sample, Verdict, Vote
from ttc.store import Store, pools, runs, samples, tags, traces, verdicts, verifiers
from ttc.store.pools import Pool, PoolProblem, RequestKey
from ttc.store.verifiers import VerifierId
from ttc.verdicts import identify
from ttc.verdicts import make as make_verifier

PARAMS = {"seed": 0, "temperature": 0.8, "top_p": 0.95, "max_tokens": 64, "stop": []}
NUMERIC, EXACT = identify(make_verifier("numeric")), identify(make_verifier("exact"))
JUDGE = VerifierId("judge", "1", {"n": "2", "threshold": "0.5"})
DRAWS = 8
HOSTILE = (
    "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>",
    "</script><!-- <script> \u2028\u2029 ]]> &lt;b&gt;",
    "ESC \x1b[31mred\x1b[0m NUL \0 BEL \x07 DEL \x7f C1 \x9b",
    "RTL \u202e evil \u202c and \u2066 isolate \u2069 \ufeff bom",
    "lone \ud800 surrogate, 👩🏽‍🚀, e\u0301",
    "x" * 1_000_000,
    "<think>\nhm <b>bold</b>\n</think>\n\nThe answer is 7.",
    "",
)


def identity(model: str) -> dict[str, Any]:
    """Return what the draws of a model have in common."""
    return {"backend": "scripted", "fingerprint": f"sha256:{model}", **PARAMS}


def problem(number: int) -> Problem:
    """Return a problem: two groups, of which one has levels."""
    asked = (Message("system", "Answer briefly."), Message("user", f"What is {number} + {number}?"))
    group = {"level": f"Level {1 + number % 3}"} if number % 4 else {}
    kind = {"kind": "even" if number % 2 == 0 else "odd"}
    return Problem(f"sum/{number}", asked, None, {"answer": str(2 * number)}, {**kind, **group})


HARD = Problem("hostile <b>id</b>", (), "raw </script> prompt \x1b[31m", {"answer": "7"})
PROBLEMS = (*map(problem, range(12)), HARD)


def answer(number: int, draw: int, skill: int) -> str | None:
    """Return the answer of a draw: right, wrong by one, or none."""
    turn = (number * 5 + draw * 3) % 10
    if turn < skill:
        return str(2 * number)
    return None if turn == 9 else str(2 * number + 1 + turn % 2)


def completion(number: int, draw: int, skill: int) -> Completion:
    """Return a draw; some are cut, some have thoughts."""
    said = answer(number, draw, skill)
    cut = (number + draw) % 11 == 0
    thought = f"<think>\nI add {number} and {number}.\n</think>\n\n" if draw % 3 == 0 else ""
    text = f"{thought}The answer is {said}." if said else f"{thought}I do not know."
    return Completion(
        "",
        text[:20] if cut else text,
        "length" if cut else "stop",
        prompt_tokens=12,
        completion_tokens=None if draw == 7 else 10 + number + draw,
        think_tokens=6 if thought else 0,
        logprob=-0.5 * (draw + 1),
        started=0.0,
        ended=0.5 + draw / 10,
    )


def judged(number: int, draw: int, skill: int) -> list[tuple[VerifierId, Verdict]]:
    """Return what each verifier says of a draw."""
    said, done = answer(number, draw, skill), completion(number, draw, skill)
    cut = done.finish_reason == "length"
    right = said == str(2 * number)
    if cut or said is None:
        own = Verdict(None, False, 0.0, "no_answer", reads_reference=True)
    elif draw == 6:
        own = Verdict(said, None, None, "error", "the verifier \x1b[1mfailed", reads_reference=True)
    else:
        own = Verdict(said, right, float(right), reads_reference=True)
    # `exact` calls one right draw of each even problem wrong.
    other = right and not (draw == 1 and number % 2 == 0)
    score = 0.9 if right else 0.2
    words = ("It adds up.", "Yes: <b>right</b>.") if right else ("The sum is off.", "No.")
    votes = tuple(
        Vote(value, text, 40, 5) for value, text in zip((score, score / 2), words, strict=True)
    )
    said_by_judge = Verdict(said, score >= 0.5, score, tokens=90, votes=votes)
    return [
        (NUMERIC, own),
        (EXACT, Verdict(said, other, None, reads_reference=True)),
        (JUDGE, said_by_judge),
    ]


def _enrol(connection: Any, name: str, model: str) -> tuple[Pool, list[PoolProblem]]:
    about = identity(model)
    pool = pools.ensure(connection, name, model, about)
    return pool, tags.enrol(connection, pool, PROBLEMS, about)


def fill(connection: Any, name: str, model: str, skill: int, draws: int = DRAWS) -> None:
    """Make a pool; its last problem has the hostile texts."""
    pool, enrolled = _enrol(connection, name, model)
    run = runs.begin(connection, pool.id, f"ttc sample sums.jsonl --pool {name}", draws)
    for number, each in enumerate(enrolled):
        for draw in range(draws):
            if each.problem is HARD or each.problem.id == HARD.id:
                done = Completion("", HOSTILE[draw % len(HOSTILE)], "stop", completion_tokens=9)
            else:
                done = completion(number, draw, skill)
            samples.insert(connection, each.request_id, draw, (1 << 62) + draw, done)
            row = connection.execute("SELECT max(id) FROM samples").fetchone()[0]
            told = judged(number, draw, skill)
            if each.problem.id == HARD.id:
                told = [(NUMERIC, Verdict("7" if draw == 6 else None, draw == 6, 0.0))]
            if name == "other":
                told = told[:1]
            for who, verdict in told:
                kept = verifiers.verifier_id(connection, who, who is not JUDGE)
                sample = Sample(each.problem.id, draw, "", "stop", reference=each.problem.reference)
                verdicts.keep(connection, row, kept, sample, verdict)
    if name == "demo":
        first = enrolled[0].request_id
        lost = Completion("", "", "error", error="the server \x1b[31mhung up", completion_tokens=1)
        samples.insert_attempt(connection, first, draws, lost)
        cut = Completion("", "The answer", "cancelled", completion_tokens=3)
        samples.insert_attempt(connection, first, draws + 1, cut)
        samples.insert_attempt(connection, first, 0, cut)  # finished since
    runs.end(connection, run, 0)


STEPS = (  # of the search: name, parent, text
    ("a", None, "First I add. "),
    ("b", None, "Let me guess. "),
    ("c", "a", "The answer is 2."),
    ("d", "a", "The answer is 3."),
    ("e", "b", "The answer is 9."),
)


def search(connection: Any) -> None:
    """Make a pool of a method's answers, with the steps of its search of problem `sum/1`."""
    base = identity("scripted-a")
    about = {
        "strategy": {
            "name": "beam",
            "aggregate": "last",
            "options": {"n": 2, "m": 2},
            "scorer": {"name": "likelihood"},
        },
        "budget": {},
    }
    pool = pools.ensure(connection, "beams", "scripted-a+beam", {**base, **about})
    (each,) = tags.enrol(connection, pool, [problem(1)], {**base, **about})
    texts = {name: text for name, _, text in STEPS}
    keys: dict[str, tuple[str, int]] = {}
    seen: dict[str, int] = {}
    for name, parent, text in STEPS:
        prefix = texts[parent] if parent else ""
        request = {**base, **({"prefix": prefix} if prefix else {}), "stop": [". "]}
        key = f"key:step {prefix}"
        index = seen.get(key, 0)
        seen[key] = index + 1
        keys[name] = key, index
        wanted = RequestKey(key, each.problem, each.prompt_id, "scripted-a", request)
        done = Completion("", text, "stop", completion_tokens=4, logprob=-0.25 * (index + 1))
        above = keys[parent] if parent else None
        traces.insert(connection, wanted, index, above, None, done)
    whole = Completion("", texts["a"] + texts["c"], "stop", completion_tokens=20)
    samples.insert(connection, each.request_id, 0, None, whole)


def make(path: Path) -> Path:
    """Write the store; return its path."""
    with Store.writing(path) as store:
        store.write(lambda connection: fill(connection, "demo", "scripted-a", 6))
        store.write(lambda connection: fill(connection, "other", "scripted-b", 8))
        store.write(search)
    return path


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
