r"""What the names in a formula look like: letters, accents, primes, transposes."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

# Letters that form no word which the parser knows (inf, gcd, oo).
_TO_LETTERS = str.maketrans("0123456789abcdef", "bcdfhjkqrvwxyzBD")


class Name(NamedTuple):
    """What a symbol stands for: `text`, applied to `arguments` (LaTeX) if there are any."""

    text: str
    arguments: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        """The symbol in LaTeX and, without a difference, in the parsed formula."""
        digest = hashlib.sha256("\0".join((self.text, *self.arguments)).encode()).hexdigest()
        return f"K_{{z{digest[:14].translate(_TO_LETTERS)}}}"


_GREEK = (
    r"\\(?:alpha|beta|gamma|delta|(?:var)?epsilon|zeta|eta|(?:var)?theta|iota|kappa|lambda|mu|nu|xi"
    r"|(?:var)?rho|(?:var)?sigma|tau|upsilon|(?:var)?phi|chi|psi|omega|ell|hbar|imath|jmath"
    r"|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega|Upsilon)(?![A-Za-z])"
)
LETTER = rf"(?:[A-Za-z]|{_GREEK})"
DIFFERENCE = re.compile(rf" ?({LETTER})")
ACCENTS = {
    accent: accent
    for accent in ("hat", "dot", "ddot", "dddot", "tilde", "breve", "check", "mathring", "bar")
} | {
    "widehat": "hat",
    "widetilde": "tilde",
    "overline": "bar",
    **dict.fromkeys(("vec", "overrightarrow", "mathbf", "boldsymbol", "bm"), "vec"),
    **{font: font for font in ("mathcal", "mathscr", "mathfrak", "mathsf")},
}
TOKEN = re.compile(
    r"(?P<derivative>\\frac(?= ?\{ ?(?:d|\\partial)))"
    rf"|\\(?P<accent>{'|'.join(ACCENTS)})(?![A-Za-z])"
    r"|(?P<function>\\(?:gcd|lcm|sgn|sign|Re|Im|det|tr|rank|ker|dim|arg|erf|conj|Arg|Var|Cov|sech|csch)"
    r"(?![A-Za-z])|\\operatorname\*?(?= ?\{))"
    rf"|(?P<norm>\\\|)|(?P<letter>{LETTER})|(?P<skip>\\[A-Za-z]+|\\.|[0-9.]+|.)",
    re.S,
)
PRIMES = re.compile(r" ?(?:('+)|\^\{? ?((?:\\prime ?|'){1,4})\}?)")
ORDER = re.compile(r" ?\^ ?\{? ?\(([0-9]{1,2}|n)\) ?\}?")
TRANSPOSED = re.compile(
    r" ?\^ ?(?:\{ ?(?:\\top|\\intercal|\\mathsf ?(?:\{T\}|T)|T) ?\}"
    r"|(?:\\top|\\intercal)(?![A-Za-z])|\\mathsf ?(?:\{T\}|T)|T)"
)
ADJOINT = re.compile(
    r" ?\^ ?(?:\{ ?)?(\*|\\ast|\\star|\\dagger|\\dag|\+|-)(?= ?\}|(?! ?[A-Za-z0-9(\\]))(?: ?\})?"
)
INVERSE = re.compile(r" ?\^ ?(?:\{ ?- ?1 ?\}) ?(?=\()")
RAISED = re.compile(r" ?\^ ?(?:\{([^{}]*)\}|([0-9A-Za-z]))")
MATRIX = re.compile(r"[A-Z]")
WRAPPED = re.compile(r"\\(?:text|mathrm|rm|mbox)(?![A-Za-z])|[{}\s]")
UNIT_VECTORS = {"i": "i", "j": "j", "k": "k", r"\imath": "i", r"\jmath": "j"}

# By convention these are functions, whatever is in the brackets behind them; other letters are if a
# prime, a comma or a statement in the brackets shows it, or a single letter or number stands there.
FUNCTIONS = frozenset({"f", "g", "F", "G", r"\phi", r"\varphi", r"\psi", r"\Phi", r"\Psi"})
CONSTANTS = frozenset({"e", "i"})
LONE = re.compile(rf"(?:[0-9]+(?:\.[0-9]+)?|(?:{LETTER}|\\pi)(?:_\w)?)")
STATEMENT = re.compile(r"[|=<>,;]|\\(?:mid|cap|cup|in|leq?|geq?|neq?|[lc]?dots|times)(?![A-Za-z])")
BINDER = re.compile(r"\\(?:i*int|oint|sum|prod|lim)(?![A-Za-z])|\\frac ?\{ ?d")
INDEX = re.compile(r"\\(?:sum|prod) ?_ ?\{? ?([A-Za-z])")


def plain_vectors(latex: str) -> bool:
    """Return whether i and j are terms of one formula: unit vectors in plain type."""
    bare = re.sub(r"\\[A-Za-z]+|_\w|_\{[^{}]*\}", " ", latex)
    return all(
        re.search(rf"(?:^|[-+]|[0-9)}}]) ?{letter} ?(?:$|[-+])", bare) for letter in ("i", "j")
    )
