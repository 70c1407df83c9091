"""Mathematical characters as TeX: π, ≤, ∪, ℝ, √."""

from __future__ import annotations

_SYMBOLS = {
    "√": "sqrt", "×": "times", "·": "cdot", "⋅": "cdot", "∙": "cdot", "•": "cdot", "∗": "cdot",
    "≤": "le", "⩽": "le", "≦": "le", "≥": "ge", "⩾": "ge", "≧": "ge", "≠": "ne", "≈": "approx",
    "≃": "approx", "≅": "cong", "≐": "approx", "≒": "approx", "∪": "cup", "∩": "cap", "∈": "in",
    "∉": "notin", "⊂": "subset", "⊆": "subseteq", "∖": "setminus", "±": "pm", "∓": "mp",
    "∅": "emptyset", "∞": "infty", "∀": "forall", "∃": "exists", "∠": "angle", "△": "triangle",
    "⟨": "langle", "⟩": "rangle", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil",
    "∣": "mid", "∧": "land", "∨": "lor", "→": "to", "⇒": "implies", "∑": "sum", "∏": "prod",
    "∫": "int", "∂": "partial", "∇": "nabla", "⊥": "perp", "∥": "parallel", "≡": "equiv",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
    "Λ": "Lambda", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_SETS = {"ℝ": "R", "ℤ": "Z", "ℕ": "N", "ℚ": "Q", "ℂ": "C"}
_OTHERS = {"÷": "/", "∶": ":", "′": "'", "″": "'" * 2, "‴": "'" * 3, "’": "'", "ℯ": "e", "ⅈ": "i"}
CHARACTERS = str.maketrans(
    {sign: rf"\{name} " for sign, name in (_SYMBOLS | _GREEK).items()}
    | {sign: rf"\mathbb{{{letter}}}" for sign, letter in _SETS.items()}
    | {"∛": r"\sqrt[3] ", "∜": r"\sqrt[4] "}
    | _OTHERS
)
