"""What commands have in common: settings, the store's place, the model, and talking to people."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttc.backends.thinking_switch import NAMES
from ttc.config import Config, load
from ttc.config import database as store_path
from ttc.errors import UsageError
from ttc.messages import notes, secrets
from ttc.messages.visible import one_line

if TYPE_CHECKING:
    from ttc.backends import Backend
    from ttc.backends.resolve import Choice
    from ttc.samples.plan import Recipe
    from ttc.store import Store
    from ttc.store.pools import Pool
    from ttc.verifiers import Verifier


@dataclass(frozen=True, slots=True)
class Session:
    """One command's surroundings."""

    config: Config
    database: Path
    quiet: bool = False

    def say(self, line: str) -> None:
        """Write a line to stderr for people, unless they asked for quiet."""
        if not self.quiet:
            with contextlib.suppress(OSError, ValueError):
                print(one_line(secrets.redacted(line)), file=sys.stderr, flush=True)


def again() -> str:
    """Return the command line that resumes this run."""
    return shlex.join(["ttc", *sys.argv[1:]])


def begin(config: Path | None, database: Path | None, quiet: bool = False) -> Session:
    """Read the settings and find the store. UsageError for settings that are wrong."""
    notes.hush(quiet)
    settings = load(config)
    return Session(settings, store_path(settings, database), quiet)


def text_of(value: str | None, option: str) -> str | None:
    """Return a text option; `@FILE` reads the file."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{option} {value}: {error}") from None


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling flags of a command as they were given; None where they were not."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    stop: Sequence[str] = ()
    system: str | None = None
    template: str | None = None
    raw: bool = False
    seed: int | None = None
    thinking: str | None = None


def open_model(session: Session, spec: str | None) -> tuple[Choice, Backend]:
    """Open the backend that `-m` stands for, and say so when it was nobody's explicit choice."""
    import logging

    from ttc.backends import resolve

    # Warnings of backends go to the log, and from there to stderr.
    logging.getLogger("ttc").setLevel(logging.ERROR if session.quiet else logging.NOTSET)
    choice = resolve.resolve(spec, session.config)
    backend = resolve.open_backend(choice, session.database)
    if choice.note:
        session.say(choice.note)
    return choice, backend


def attach_model(session: Session, verifier: Verifier) -> Backend | None:
    """Open the model of a verifier that asks one, and hand it over; None if it asks none."""
    from ttc.verifiers.extras import Attachable, model_of

    if not isinstance(verifier, Attachable):
        return None
    _, backend = open_model(session, model_of(verifier))
    verifier.attach(backend)
    return backend


def recipe(
    session: Session, choice: Choice, backend: Backend, flags: Sampling, *, asks: bool = True
) -> Recipe:
    """Put flags, alias and settings together. UsageError for a value out of range.

    With `asks`, the model's server may be asked which parameters it takes.
    """
    from ttc.backends.supported_params import settled
    from ttc.records import SamplingParams
    from ttc.samples.plan import Recipe

    def value(name: str) -> Any:
        given = getattr(flags, name)
        return session.config.get(name, choice.defaults.get(name) if given is None else given)

    try:
        params = SamplingParams(
            temperature=float(value("temperature")),
            top_p=float(value("top_p")),
            top_k=int(value("top_k")),
            min_p=float(value("min_p")),
            max_tokens=int(value("max_tokens")),
            stop=tuple(flags.stop),
            thinking=value("thinking"),
        )
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    if params.thinking is not None:
        check_thinking(backend, params.thinking, raw=flags.raw)
    return Recipe(
        backend=choice.backend,
        model=settled(backend, params) if asks else backend.model,
        params=params,
        seed=int(value("seed")),
        system=text_of(value("system"), "--system"),
        template=text_of(value("template"), "--template"),
        raw=flags.raw,
    )


def check_thinking(backend: Backend, wanted: str, *, raw: bool) -> None:
    """Raise UsageError if reasoning cannot be turned on or off."""
    if raw:
        raise UsageError(
            f"--thinking {wanted} needs a chat template, and --raw uses none; leave one of them out"
        )
    if "thinking" not in backend.capabilities:
        raise UsageError(
            f"--thinking {wanted}: the chat template of {backend.model.name} has no switch for "
            f"reasoning ({', '.join(NAMES[:-1])} or {NAMES[-1]}); leave out --thinking"
        )


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send what native code prints to fd 1 to stderr, while ours still reaches stdout.

    Only where sys.stdout is the process's own; a test's capture is left alone.
    """
    try:
        own = sys.stdout.fileno() == 1
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        yield
        return
    sys.stdout.flush()
    kept, data = sys.stdout, os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = data
    try:
        yield
    finally:
        sys.stdout = kept
        try:
            data.flush()
        finally:
            os.dup2(data.fileno(), 1)
            with contextlib.suppress(OSError):
                data.close()


def store_with(session: Session, source: str) -> Path:
    """Return the store's path for a POOL|FILE argument that is no file. UsageError if none is."""
    if not session.database.exists():
        raise UsageError(f"{source}: no such file, and no store yet at {session.database}")
    return session.database


def pool_named(store: Store, source: str) -> Pool:
    """Return the pool of a POOL|FILE argument that is no file. UsageError if there is none."""
    from ttc.store import pools

    pool = pools.find(store.reader, source)
    if pool is None:
        raise UsageError(f"{source}: no such file and no such pool; ttc ls lists them")
    return pool


def is_file(source: str) -> bool:
    """Whether a POOL|FILE|- argument names a file: it exists, and is not a folder."""
    path = Path(source)
    return path.exists() and not path.is_dir()
