"""The judge of a verification: the verifier that the options name, ready, with its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ttc import jsonl, plugins, verdicts
from ttc.backends import resolve
from ttc.errors import UsageError
from ttc.samples import asked
from ttc.session import Session
from ttc.verifiers import Verifier, extras
from ttc.verifiers.judge_model import JudgeModel
from ttc.verifying import rerun


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to judge, with which verifier, and how: the options of `ttc verify` for verdicts.

    `rerun` asks a judge again about so many draws of a pool that it has judged. `source` is a pool,
    a file (of the kind `format`), `-` for standard input, or records; `is_pool` says that it is a
    pool, even if there is a file of that name. `env` names variables that are passed on to a
    command; `trusted` confirms the sandbox `none`; `trust_eq` believes a program's own comparisons.
    """

    source: jsonl.Source
    verifier: str | None = None
    recheck: bool = False
    rerun: int | None = None
    sandbox: str | None = None
    trusted: bool = False
    trust_eq: bool = False
    env: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    skip_bad: bool = False
    format: str | None = None
    is_pool: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """A verifier by its spec. With --rerun, `first` is that of the first run, else the same.

    `model` is the one that it asks, if it was opened for it; `by_model`: it uses a model.
    """

    spec: str
    first: str
    verifier: Verifier
    model: JudgeModel | None
    by_model: bool


@contextmanager
def prepared(session: Session, options: VerifyOptions) -> Iterator[Judge]:
    """Create the verifier of the options and open its model; close that at the end.

    One judge may judge several sources, one after the other. UsageError for a verifier that cannot
    be used, BackendError if its model cannot be opened.
    """
    spec = first = _named(session, options)
    if options.rerun is not None:
        rerun.check(spec, options.rerun)
        spec = rerun.with_option(spec)
    verifier = verdicts.make(spec)
    _contain(verifier, options)
    with ExitStack() as stack:
        model = _attach_model(session, verifier)
        if model is not None:
            stack.callback(model.backend.close)
        yield Judge(spec, first, verifier, model, model is not None or extras.asks(verifier))


def _named(session: Session, options: VerifyOptions) -> str:
    """Return the verifier's spec: the option, else the setting. A setting may not run code."""
    spec = session.config.get("verifier", options.verifier)
    if spec is None:
        names = ", ".join(plugins.installed("verifiers"))
        raise UsageError(f"name a verifier with -V: {names}")
    name, _, more = str(spec).partition(":")
    if options.verifier is None and (name == "cmd" or "trust_remote_code=yes" in more):
        origin = session.config.values["verifier"].origin
        what = "a command" if name == "cmd" else "a model's own code"
        raise UsageError(f"{origin}: {spec!r} would run {what}; to allow it, name it with -V")
    return str(spec)


def _attach_model(session: Session, verifier: Verifier) -> JudgeModel | None:
    """Open the model of a verifier that uses one, and attach it; return None if it uses none."""
    if not isinstance(verifier, extras.Attachable):
        return None
    with ExitStack() as on_error:
        choice, backend = resolve.open_model(session, extras.model_of(verifier))
        on_error.callback(backend.close)
        model = JudgeModel(backend, asked.of_alias(choice.defaults.get("extra", {}), backend))
        model.attach(verifier)
        on_error.pop_all()
    return model


def _contain(verifier: Verifier, options: VerifyOptions) -> None:
    """Set the environment and the sandbox of the verifier, and whether it believes a program's own
    comparisons. Only a flag can choose the sandbox `none`."""
    if options.trust_eq:
        if not isinstance(verifier, extras.TrustingEquality):
            raise UsageError(f"--trust-eq: the verifier {verifier.name} runs no program's tests")
        verifier.trust_equality()
    if options.env:
        if not isinstance(verifier, extras.PassingEnvironment):
            raise UsageError(f"--env: the verifier {verifier.name} runs no command")
        verifier.pass_environment(options.env)
    if options.sandbox is None:
        return
    if not isinstance(verifier, extras.Sandboxable):
        raise UsageError(f"--sandbox: the verifier {verifier.name} runs no code")
    if options.sandbox == "none" and not options.trusted:
        raise UsageError(
            "--sandbox none runs a model's programs with all your rights; add --i-trust-this-code "
            "to allow it"
        )
    verifier.use_sandbox(options.sandbox)
