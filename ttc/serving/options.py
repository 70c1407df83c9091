"""The options of `ttc serve`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ttc.solving.options import SolveOptions

PORT = 8000


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    - `solve`: how requests are answered that do not say more: model, method, sampling parameters
    - `keys`: those that a request may have; none: no key is asked for
    - `pool`: the pool that draws are kept in; other settings are kept in POOL.2, POOL.3, …
    - `any_model`: a request may name any model, as `-m` does
    - `fresh`: draw anew for a prompt whose draws are kept
    - `jobs`: answers that each model works on side by side; `queue`: how many more may wait
    - `timeout`: seconds that a request may take; `most_draws`: the most draws that it may ask for
    """

    solve: SolveOptions = field(default_factory=SolveOptions)
    host: str = "127.0.0.1"
    port: int | None = None
    keys: tuple[str, ...] = field(default=(), repr=False)
    pool: str | None = None
    any_model: bool = False
    fresh: bool = False
    jobs: int = 64
    queue: int = 256
    timeout: float = 600.0
    most_draws: int = 256
