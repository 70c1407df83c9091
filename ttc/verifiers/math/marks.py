r"""Marks what unwrapping \text{…} and \mathbf{…} would lose: degrees, vectors, units, functions.

It comes before all else that reads an answer, so that 30^\circ is not 30, nor \mathbf{i} i.
"""

from __future__ import annotations

import re

from ttc.verifiers.math.measures.units import parse

_SPACE = r"(?: |~|\\[,;:! ])*"
_FONT = r"\\(?:text|mathrm|textrm|mathit|textit|mathbf|textbf|operatorname|mathsf|rm|textnormal)"
_DEGREE = (
    rf"{_SPACE}(?:(?:\{{ ?\}})?\^ ?(?:\{{ ?\\circ ?\}}|\\circ(?![A-Za-z]))"
    r"|°|º|\\degrees?(?![A-Za-z]))"
)
_FUNCTIONS = (
    "arcsin|arccos|arctan|arccot|arcsec|arccsc|arcsinh|arccosh|arctanh|sinh|cosh|tanh|sech|csch"
    "|coth|sin|cos|tan|cot|csc|log|ln|lg|exp|gcd"
)
_OWN = "lcm|sgn|sign|Re|Im|tr|rank|erf|conj|Arg|Var|Cov"
_MARKED = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Vectors, and transposes in upright type
        (r"\\(?:mathbf|boldsymbol|bm|pmb) ?\{ ?([A-Za-z]) ?\}", r"\\vec{\1}"),
        (r"\\(?:mathbf|boldsymbol|bm|pmb) +([A-Za-z])(?![A-Za-z])", r"\\vec{\1}"),
        (r"\\(?:mathbf|boldsymbol|bm|pmb) ?(\\(?:hat|vec|[ij]math)) ?", r"\1 "),
        (r"\\(hat|vec) ?\{ ?\\(?:hat|vec|mathrm) ?\{? ?([A-Za-z]) ?\}? ?\}", r"\\\1{\2}"),
        (r"\\(?:hat|vec) ?(?:\{ ?\\([ij])math ?\}|\\([ij])math(?![A-Za-z]))", r"\\hat{\1\2}"),
        (r"\\hat ?([A-Za-z])", r"\\hat{\1}"),
        (r"\\(?:vec|overrightarrow) ?([A-Za-z])(?![A-Za-z])", r"\\vec{\1}"),
        (r"\\overrightarrow ?\{ ?([A-Za-z]) ?\}", r"\\vec{\1}"),
        (rf"\^ ?\{{? ?{_FONT} ?\{{ ?T ?\}} ?\}}?", r"^{T}"),
        (r"\^ ?(?:\{ ?\* ?\}|\*(?!\*))", r"^{\\ast}"),
        # Functions in upright type
        (rf"{_FONT}\*? ?\{{ ?({_FUNCTIONS}) ?\}}", r"\\\1 "),
        (r"\\(?:operatorname\*?|mathrm) ?\{ ?(max|min|sec|det|dim|ker|sup|inf) ?\}", r"\\\1 "),
        (rf"{_FONT} ?\{{ ?(max|min) ?\}}(?= ?(?:[(_]|\\\{{))", r"\\\1 "),
        (r"(?<=[0-9]) ?sec(?:onds?|s)?(?![A-Za-z])", r" \\unit{s}"),
        (rf"{_FONT}\*? ?\{{ ?({_OWN}) ?\}}", r"\\\1 "),
        (r"\\arccot(?![A-Za-z])", r"\\cot^{-1} "),
        # Degrees, ohms and micro-
        (rf"(?<=[0-9 }}])\\mu ?{_FONT} ?\{{ ?([A-Za-z]+) ?\}}", r"\\unit{μ\1}"),
        (
            rf"(?:{_FONT} ?\{{ ?([kMm]) ?\}}|(?<=[0-9 ])([kM])) ?\\Omega(?![A-Za-z])",
            r"\\unit{\1\2Ω}",
        ),
        (r"℃", "°C"),
        (r"℉", "°F"),
        (rf"{_DEGREE}{_SPACE}(?:{_FONT} ?\{{ ?)?([CF])(?![A-Za-z]) ?\}}?", r" degree\1"),
        (_DEGREE, r"\\arcdegree "),
    )
)


_FACTORS = 4  # of a unit
# Upright text behind a magnitude, or behind another unit.
_BEHIND = r"(?:(?<=[0-9)}!/])|(?<=\\pi)|(?<=\\cdot)|(?<=\\times)|(?<=°))"
_UPRIGHT = re.compile(rf"{_BEHIND}{_SPACE}{_FONT} ?\{{{_SPACE}([^{{}}]*?){_SPACE}\}}")
_PART = rf"{_FONT} ?\{{([^{{}}]*)\}} ?(\^ ?\{{? ?[0-9] ?\}}?)?"
_QUOTIENT = re.compile(
    rf"{_SPACE}\\[dt]?frac ?\{{ ?{_PART} ?\}} ?\{{ ?{_PART} ?\}}",
)


def marked(text: str) -> str:
    r"""Return an answer with `\arcdegree`, `\vec{i}` and `\lcm` for what they mean."""
    for pattern, replacement in _MARKED:
        text = pattern.sub(replacement, text)
    if "\\" in text:
        text = _QUOTIENT.sub(_quotient, text)
        for _ in range(_FACTORS):
            text = _UPRIGHT.sub(lambda found: _unit(found, found[1]), text)
    return text


def _quotient(found: re.Match[str]) -> str:
    top, above, bottom, below = (part or "" for part in found.groups())
    return _unit(found, f"{top}{above}/({bottom}{below})".replace("{", "").replace("}", ""))


def _unit(found: re.Match[str], content: str) -> str:
    if parse(content) is None:
        return found[0]
    content = re.sub(r"\bsecs?\b", "s", content.strip())  # not the secant
    return rf" \unit{{{content}}}"
