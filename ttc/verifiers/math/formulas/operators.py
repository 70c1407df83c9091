r"""Rewrites operators that the parser does not know: degrees, \bmod, n!!, \lg, upright d."""

from __future__ import annotations

import re

_INDEX = r"(?:\{ ?(\w+) ?\}|(\w))"
_REWRITTEN = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\lg(?![A-Za-z_])", r"\\log_{10} "),
        (r"\\(?:l|r)Vert(?![A-Za-z])|\\(?:l|r)\|", r"\\|"),
        (r"\\(?:d|t|c)frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:d|t)binom(?![A-Za-z])", r"\\binom"),
        (r"\\(max|min|gcd|lcm) ?\\\{([^{}]*)\\\}", r"\\\1(\2)"),
        (r"([0-9]+|(?<![\\A-Za-z])[A-Za-z]|\([^()]*\)) ?!!", r"\\operatorname{!!}(\1)"),
        (r"\\(?:lvert|rvert|vert)(?![A-Za-z])", "|"),
        (r"\{ ?([^{}]*?)\\choose(?![A-Za-z])([^{}]*)\}", r"\\binom{\1}{\2}"),
        (rf"(?:(?<![\w)}}])|\{{ ?\}})[_^] ?{_INDEX} ?C ?_ ?{_INDEX}", r"\\binom{\1\2}{\3\4}"),
        (
            rf"(?:(?<![\w)}}])|\{{ ?\}})[_^] ?{_INDEX} ?P ?_ ?{_INDEX}",
            r"\\frac{(\1\2)!}{(\1\2-\3\4)!}",
        ),
        (r"(?<![A-Za-z\\])d ?([A-Za-z]) ?/ ?d ?([A-Za-z])(?![A-Za-z])", r"\\frac{d\1}{d\2}"),
    )
)
_MODULO = re.compile(r"^(.+?)\\b?mod(?![A-Za-z])(.+)$")
_MOST_DEGREES = 12  # each one makes the formula longer
_DEGREE = re.compile(r"\\arcdegree(?![A-Za-z])|°|\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))")

_VECTOR = r"\\(?:vec|hat) ?(?:\{[^{}]*\}|[A-Za-z])(?:_(?:\w|\{\w*\}))?|\\nabla(?![A-Za-z])"
_OPERAND = rf"(?:{_VECTOR}|[A-Z](?![A-Za-z]))"
_VECTORS = re.compile(
    rf"(?P<one>{_OPERAND}) ?\\(?P<sign>cdot|times)(?![A-Za-z]) ?(?P<two>{_OPERAND})"
)
_T = r"\^ ?(?:\{ ?(?:T|\\top|\\intercal) ?\}|T|\\top(?![A-Za-z])|\\intercal(?![A-Za-z]))"
_TRANSPOSED = re.compile(rf"\(([^()]*[A-Z][^()]*)\) ?{_T}")
_FACTOR = (
    rf"(?:[A-Z]|\\vec ?\{{[A-Za-z]\}})(?: ?(?:{_T}|\^ ?\{{ ?-1 ?\}}|\^ ?\{{?(?:\*|\\dagger)\}}?))?"
)
_MATRICES = re.compile(rf"(?<![A-Za-z\\_{{^]){_FACTOR}(?: ?{_FACTOR})+(?![A-Za-z(_])")


def operators(latex: str) -> str:
    """Return a formula with operators that the parser knows."""
    for pattern, replacement in _REWRITTEN:
        latex = pattern.sub(replacement, latex)
    latex = _VECTORS.sub(_vectors, latex)
    latex = _TRANSPOSED.sub(_transposed, latex)
    latex = _MATRICES.sub(_ordered, latex)
    if modulo := _MODULO.match(latex):
        latex = rf"\operatorname{{mod}}({modulo[1]},{modulo[2]})"
    return _degrees(latex)


def _degrees(latex: str) -> str:
    r"""Replace 30^\circ by 30π/180, with brackets."""
    for _ in range(_MOST_DEGREES):
        if (degree := _DEGREE.search(latex)) is None:
            break
        head, tail = latex[: degree.start()].rstrip(), latex[degree.end() :]
        start = _operand(head)
        latex = rf"{head[:start]}({head[start:]}\cdot\frac{{\pi}}{{180}}){tail}"
    return latex


def _operand(head: str) -> int:
    """Return where the last factor of a text starts."""
    if found := re.search(r"(?:[0-9]+(?:\.[0-9]+)?|\\[A-Za-z]+|[A-Za-z])$", head):
        return found.start()
    depth, opens = 0, {")": "(", "}": "{", "]": "["}
    for at in range(len(head) - 1, -1, -1):
        depth += (head[at] in opens) - (head[at] in opens.values())
        if depth == 0:
            command = re.search(r"\\[A-Za-z]+(?: ?\{[^{}]*\})?$", head[:at])
            return command.start() if command and head[at] == "{" else at
    return len(head)


def _vectors(found: re.Match[str]) -> str:
    r"""Return a product of two vectors as a function of both; of a × b and b × a, one is negated.

    Only where one of them is marked as a vector: A \cdot B is a product of numbers, too.
    """
    one, two = (re.sub(r"[{} ]", "", found[side]) for side in ("one", "two"))
    if not (one.startswith("\\") or two.startswith("\\")):
        return found[0]
    if found["sign"] == "cdot":
        first, second = (found["one"], found["two"])[:: 1 if one <= two else -1]
        nabla = r"\nabla" in (one, two)
        if nabla:
            first, second = found["one"], found["two"]
        return rf"\operatorname{{dot}}({first},{second})"
    if one <= two or one == r"\nabla":
        return rf"\operatorname{{cross}}({found['one']},{found['two']})"
    return rf"(-1)\cdot \operatorname{{cross}}({found['two']},{found['one']})"


def _transposed(found: re.Match[str]) -> str:
    """Return a transposed bracket as a function; of a product, the product of its transposes."""
    inside = found[1].replace(" ", "")
    if re.fullmatch(r"[A-Z]{2,4}", inside):
        return "".join(f"{letter}^T" for letter in reversed(inside))
    return rf"\operatorname{{transpose}}({found[1]})"


def _ordered(found: re.Match[str]) -> str:
    """Return a product of matrices as a function of its factors in their order.

    Capitals are matrices if one is transposed, or stands there with its inverse (P^{-1}AP).
    """
    factors = re.findall(_FACTOR, found[0])
    bare = {factor[0] for factor in factors if len(factor) == 1}
    inverted = {factor[0] for factor in factors if "-1" in factor}
    marked = any(re.search(rf"{_T}|\*|\\dagger", factor) for factor in factors)
    if not marked and not bare & inverted:
        return found[0]
    return rf"\operatorname{{product}}({','.join(factors)})"
