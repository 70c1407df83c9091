r"""The answer extractor: from the text of a completion to the answer it gives.

It reads only the text, never a reference or a problem id, so it cannot favour the right answer.

Cues in order of strength, wherever they are: `\boxed{…}`, `#### X` and `<answer>X</answer>`, "the
answer is X" in any language of `ttc.answers.extraction.languages`, the last number. A box is typed
on purpose to hold the answer, whereas numbers are also mentioned after it (checks, units, remarks).
Of several cues of one kind the last wins, since corrections come later; what is stated after an
explicit correction ("Wait, that is wrong") wins over what was stated before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ttc.answers.canonical import canonical, number
from ttc.answers.extraction.boxes import boxed, boxed_together
from ttc.answers.extraction.clauses import clause_of
from ttc.answers.extraction.cues import cues
from ttc.answers.extraction.mentions import last_number, plain_digits, without_remarks
from ttc.answers.extraction.runon import cut
from ttc.answers.extraction.tables import answer_cell
from ttc.answers.thinking import said

__all__ = [
    "boxed",
    "boxed_together",
    "canonical",
    "extract",
    "number",
    "own",
    "stated",
    "statements",
    "visible",
]

_CALCULATION = re.compile(r"<<[-+*/=.,()0-9 ]*>>")


def extract(text: str) -> str | None:
    r"""Return the answer a completion gives, or None. It is verbatim but for digits: those of other
    scripts become 0 to 9.

    Thinking blocks are removed first (see `visible`), then questions that the model goes on to ask
    itself (see `own`). Then, in order:

    - the last closed `\boxed{…}` or `\fbox{…}`; one whose braces do not balance is truncated;
    - the last `#### X`, if X is a number or ends the text (otherwise it is a heading), or the last
      `<answer>X</answer>`, `<FINAL_ANSWER>`, `[ANSWER]` or `{"answer": X}`;
    - the last "the answer is X" or "Answer: X", up to the end of the sentence or the start of its
      reasons, and never what it denies ("not 4 but 3"); prose after such a cue is not an answer;
    - the cell of a table that is labelled as the answer; the one bold number of a conclusion;
    - the last number that is not denied ("3 days, not 4" is 3).
    """
    text = own(text)
    return _stated(text) or last_number(without_remarks(text))


def stated(text: str) -> str | None:
    """Return the answer that a cue announces, or None if there is no cue."""
    return _stated(own(text))


def statements(text: str) -> Iterator[str]:
    """Yield all that cues announce in a text, as `own` gives it, the strongest first."""
    for cue in cues(text):
        if found := clause_of(text, cue):
            yield found
    if found := answer_cell(text):
        yield found


def own(text: str) -> str:
    """Return the visible text up to where the model goes on with a question of its own."""
    return cut(plain_digits(visible(text)))


def visible(text: str) -> str:
    """Return the text without its thinking blocks and GSM8K's `<<9*2=18>>` annotations.

    `ttc.answers.thinking` lists how models mark thoughts.
    """
    return _CALCULATION.sub("", said(text)).strip()


def _stated(text: str) -> str | None:
    return next(statements(text), None)
