"""Parts for tests: engines and servers without a model, and the contracts that plugins must pass.

from ttc.testing import SelectorContract
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.testing.contract import BackendContract as BackendContract
    from ttc.testing.contracts.format import FormatContract as FormatContract
    from ttc.testing.contracts.selector import SelectorContract as SelectorContract
    from ttc.testing.contracts.strategy import StrategyContract as StrategyContract
    from ttc.testing.contracts.verifier import VerifierContract as VerifierContract

_HOMES = {
    "BackendContract": "ttc.testing.contract",
    "FormatContract": "ttc.testing.contracts.format",
    "SelectorContract": "ttc.testing.contracts.selector",
    "StrategyContract": "ttc.testing.contracts.strategy",
    "VerifierContract": "ttc.testing.contracts.verifier",
}


def __getattr__(name: str) -> Any:
    """Import a contract on first use: pytest is needed for it. AttributeError."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOMES[name] not in sys.modules and "pytest" in sys.modules:
        # Failures then show the values that were compared.
        sys.modules["pytest"].register_assert_rewrite(_HOMES[name])
    return getattr(import_module(_HOMES[name]), name)
