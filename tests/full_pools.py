"""A pool with everything that can be in one, and what of it can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ttc.backends import Completion
from ttc.exchange.exporting import of_pool
from ttc.formats import Draw
from ttc.records import Message, Problem, Sample, TokenLogprob, Verdict
from ttc.store import Store, pools, samples, tags, verdicts, verifiers
from ttc.store.verifiers import VerifierId, verifiers_of

PARAMS = {
    "seed": 0,
    "temperature": 0.8,
    "top_p": 0.95,
    "top_k": 0,
    "min_p": 0.0,
    "max_tokens": 64,
    "stop": ["\n\n"],
}
IDENTITY = {"backend": "llamacpp", "fingerprint": "sha256:1", **PARAMS}
# Texts that formats get wrong.
TEXTS = (
    "It is 42.",
    "",
    " \t leading and trailing \n",
    "a NUL \0 and ESC \x1b[31m red \x9b and DEL \x7f",
    "CRLF\r\nand CR\rand LF\n, NEL \x85 and LS \u2028 end",
    'quotes " \' , ; \\ \\n "" \n"quoted"\n',
    "emoji 👩🏽‍🚀 𝔸 é e\u0301 \ufeff bom \u202e rtl",
    "4",
    "007",
    "[1, 2]",
    "null",
    "nan",
    "true",
    "=1+1",
    "<think>\nhm\n</think>\n\n4",
    "```python\ndef f():\n    return 1\n```",
    "x" * 1_000_000,
)
COUNT = 5 * (len(TEXTS) - 1) + 1  # the last text is of the first problem alone
PROBLEMS = (
    Problem("p/1", (Message("system", "Brief."), Message("user", "6×7?")), None, {"answer": "42"}),
    Problem("p 2", (), "raw\0 prompt\r\n", {"answer": ["4", "four"]}, {"level": "Level 2"}),
    Problem("3", (Message("user", "Which?"),), None, {"answer": "B", "choices": ["x", "y"]}),
    Problem("HumanEval/4", (Message("user", "f"),), None, {"tests": "def check(c):", "x": [None]}),
    Problem("ü👩", (Message("user", "no reference"),)),
)  # fmt: skip
VERDICTS = (
    Verdict("42", True, 1.0, reads_reference=True),
    Verdict("", False, 0.0, "no_answer", "nothing \0 found", reads_reference=True),
    Verdict(None, None, float("inf"), tokens=17, reads_reference=True),
    Verdict("4", False, float("-inf"), "timeout", "10 s", reads_reference=True),
    Verdict("x,\n\"y'", True, None, reads_reference=True),
    Verdict("7", False, 0.1 + 0.2, reads_reference=True),
)
LIKELIEST = (
    TokenLogprob("a", -0.5, b"a", (TokenLogprob("\ufffd", -2.0, b"\xf0"),)),
    TokenLogprob("\0", -1.25),
)  # fmt: skip
MATH = VerifierId("math", "3", {"tol": 0.0})
JUDGE = VerifierId("judge", "1", {"n": "2"})


def spread(at: int, values: tuple[Any, ...]) -> Any:
    return values[at % len(values)]


def done(at: int, text: str) -> Completion:
    seconds = spread(at, (None, 0.5, 1.25))
    return Completion(
        "",
        text,
        spread(at, ("stop", "length", "stop")),
        prompt_tokens=spread(at, (5, None, 0, 7)),
        completion_tokens=spread(at, (4, 9, None)),
        think_tokens=spread(at, (None, 3, 0)),
        logprob=spread(at, (-1.5, None, -0.1)),
        stop=spread(at, (None, None, "\n\n")),
        started=None if seconds is None else 0.0,
        ended=seconds,
        confidences=spread(at, (None, (0.5, 12.25), None, ())),
        token_logprobs=spread(at, (None, None, LIKELIEST)),
    )


def make(path: Path, name: str = "full") -> None:
    """Write a store with a pool of PROBLEMS × TEXTS, judged by MATH."""
    with Store.writing(path) as store:

        def work(connection: Any) -> None:
            pool = pools.ensure(connection, name, "a/model", IDENTITY)
            math = verifiers.verifier_id(connection, MATH, reads_reference=True)
            for order, each in enumerate(tags.enrol(connection, pool, PROBLEMS, IDENTITY)):
                for at, text in enumerate(TEXTS if order == 0 else TEXTS[:-1]):
                    # An index is missing, for a draw that failed.
                    index = at if at < 3 else at + 1
                    seed = None if at == 1 else 1000 + at
                    samples.insert(connection, each.request_id, index, seed, done(at, text))
                    row = connection.execute("SELECT max(id) FROM samples").fetchone()[0]
                    judged = Sample("", index, "", "stop", reference=each.problem.reference)
                    verdict = spread(at + order, VERDICTS)
                    verdicts.keep(connection, row, math, judged, verdict)

        store.write(work)


def draws(path: Path, name: str) -> list[Draw]:
    """Return the draws of a pool by problem and index, with all verdicts."""
    with Store.reading(path) as store:
        pool = pools.find(store.reader, name)
        assert pool is not None
        found = verifiers_of(store.reader, pool)
        who = [VerifierId(row["name"], row["version"], json.loads(row["config"])) for row in found]
        every = of_pool(store.reader, pool, who, by_problem=True)
        return sorted(every, key=lambda draw: (draw.problem.id, draw.sample.index))


SAMPLE = (
    "index",
    "text",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "think_tokens",
    "token_logprobs",
    "logprob",
    "seconds",
    "seed",
    "stop",
    "model",
    "params",
)


def told(draw: Draw, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return what a draw says, without some fields."""
    sample, problem = draw.sample, draw.problem
    found: dict[str, Any] = {name: getattr(sample, name) for name in SAMPLE}
    confidences = sample.confidences
    found["confidences"] = None if confidences is None else [round(v, 5) for v in confidences]
    found |= {
        "problem": problem.id,
        "question": (problem.messages, problem.prompt),
        "reference": dict(problem.reference),
        "tags": dict(sample.tags),
        "verdicts": [(each.verifier, each.verdict) for each in draw.opinions],
        "reading": [each.verdict.reads_reference for each in draw.opinions],
    }
    return {name: value for name, value in found.items() if name not in without}
