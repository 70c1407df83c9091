"""Curves as LaTeX tables in the style of booktabs, with intervals, to be put into a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ttc.curves.cost_axes import AXES
from ttc.messages.visible import one_line
from ttc.records import Curve, Point
from ttc.report import intervals, oracles
from ttc.report.intervals import Digits
from ttc.report.tables.pivot import pivots
from ttc.report.tables.words import cost_text, notes_of, sources_of

NEEDS = "% \\usepackage{booktabs}\n% \\usepackage{textcomp}  (LaTeX before 2020)"
BEYOND = "% The names have characters beyond ASCII: compile with lualatex or xelatex."
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": "{-}",
    # What our own lines hold; every LaTeX has it.
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": "$-$",
    "†": r"$\dagger$",
    "λ": r"$\lambda$",
    "∝": r"$\propto$",
}
_ESCAPED = re.compile("[" + re.escape("".join(_SPECIAL)) + "]")


def in_tex(text: str) -> str:
    """Return a text on one line, escaped so that LaTeX prints it as it is."""
    return _ESCAPED.sub(lambda found: _SPECIAL[found[0]], one_line(text))


def as_tex(
    curves: Sequence[Curve], axis: str, lines: Sequence[str], *, pivoted: bool = False
) -> str:
    """Return a table for each source, or with `pivoted` for each rule, with the sources side by
    side. `lines` stand below each table."""
    tables = _pivoted(curves, lines) if pivoted else _by_source(curves, axis, lines)
    text = "\n".join(tables)
    head = NEEDS if text.isascii() else f"{NEEDS}\n{BEYOND}"
    return f"{head}\n{text}"


def _by_source(curves: Sequence[Curve], axis: str, lines: Sequence[str]) -> Iterator[str]:
    digits = Digits.of(curves)
    for source in sources_of(curves):
        ours = [curve for curve in curves if curve.source == source]
        bounded = intervals.shown(ours)
        heads = ["rule", "$k$", "value"]
        heads += [intervals.THESE, intervals.LIKE_THESE] if bounded else []
        body: list[str] = []
        for at, curve in enumerate(ours):
            if at:
                body.append(r"\midrule")
            for place, point in enumerate(curve.points):
                rule = "" if place else in_tex(curve.selector) + r"$^\dagger$" * curve.oracle
                cells = [rule, str(point.k), _value(point, digits)]
                cells += _bounds(point, digits) if bounded else []
                body.append(_row([*cells, in_tex(cost_text(point, axis))]))
        spec = "lrl" + "ll" * bounded + "r"
        below = (*notes_of(ours), *oracles.legend(ours), *lines)
        yield _table(in_tex(source), spec, [*heads, in_tex(AXES[axis].label)], body, below)


def _pivoted(curves: Sequence[Curve], lines: Sequence[str]) -> Iterator[str]:
    digits = Digits.of(curves)
    for each in pivots(curves):
        heads = ["$k$", *map(in_tex, each.sources)]
        body = [
            _row([str(k), *("--" if p is None else _with_bounds(p, digits) for p in points)])
            for k, points in each.rows
        ]
        spec = "r" + "l" * len(each.sources)
        ours = [curve for curve in curves if oracles.name_of(curve) == each.rule]
        below = (*oracles.legend(ours, ""), *lines)
        yield _table(in_tex(each.rule), spec, heads, body, below)


def _table(
    caption: str, spec: str, heads: Sequence[str], body: Sequence[str], below: Sequence[str]
) -> str:
    notes = [rf"\par\smallskip\footnotesize {in_tex(line)}" for line in below]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        _row(heads),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _value(point: Point, digits: Digits) -> str:
    text = intervals.value_text(point, digits)
    return "--" if point.value is None else f"${text}$".replace("±", r"\pm ")


def _bounds(point: Point, digits: Digits) -> list[str]:
    both = (intervals.these_text(point, digits), intervals.like_these_text(point, digits))
    return [f"${text}$".replace(", ", r",\,") if text else "--" for text in both]


def _with_bounds(point: Point, digits: Digits) -> str:
    between = intervals.like_these_text(point, digits)
    return _value(point, digits) + (f" ${between}$".replace(", ", r",\,") if between else "")
