"""constraint: a printed assignment satisfies a CPMpy model, in a sandbox (extra `constraint`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from typing import Any

from ttc.answers.extract import visible
from ttc.jsonl import object_at
from ttc.options import OptionReader
from ttc.plugins import installing
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, failure, joined, run_scripts
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.minizinc import model_of, solve
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob
from ttc.verifiers.workers.pool import CallLimits, Workers

_BATCH = 64
_READER = "ttc.verifiers.code.constraint:last_object"  # slow on many unclosed braces
_READING = CallLimits(5.0, 1 << 30)
_PRELOADED = ("cpmpy", "ortools.sat.python.cp_model")
_LIBRARIES = ("cpmpy", "ortools")  # a completion with one of these in a code block is a program

# Runs in the process of the reference's model, which comes from the data set, not the sample.
_CHECK = '''
def _leaves(value):
    if isinstance(value, (list, tuple)) or hasattr(value, "flat"):
        for item in value:
            yield from _leaves(item)
    else:
        yield value

def _shape(value):
    return [_shape(item) for item in value] if isinstance(value, (list, tuple)) or hasattr(
        value, "flat") else None

def _fault(name, variable, value):
    """Return what is wrong with the type or the shape of a value, or None."""
    if _shape(variable) != _shape(value):
        return "%s has another shape than the variable" % name
    for one, given in zip(_leaves(variable), _leaves(value)):
        boolean = one.is_bool()
        if type(given) is not int and not (boolean and type(given) is bool):
            wanted = "boolean" if boolean else "integer"
            return "%s holds %.50r, which is no %s" % (name, given, wanted)
        if not one.lb <= given <= one.ub:
            return "%s holds %.50r, which is not in its domain" % (name, given)
    return None

def _check(assignment, wanted):
    variables = globals().get("decision") or {name: globals()[name] for name in wanted}
    if set(variables) != set(assignment):
        missing = sorted(set(variables) - set(assignment))
        more = sorted(set(assignment) - set(variables))
        return ["keys", "missing are %.100s, too many %.100s" % (missing, more)]
    for name, variable in variables.items():
        if fault := _fault(name, variable, assignment[name]):
            return ["type", fault]
    one = dict(solver="ortools", num_workers=1)
    best = None
    if model.has_objective():
        if not model.solve(**one):
            return ["broken", "the reference's model has no solution"]
        best = model.objective_value()
    for name, variable in variables.items():
        for each, given in zip(_leaves(variable), _leaves(assignment[name])):
            model.constraints.append(each == int(given))
    if not model.solve(**one):
        return ["violated", "a constraint is violated"]
    if best is not None and model.objective_value() != best:
        return ["objective", "the objective is %s, the best %s" % (model.objective_value(), best)]
    return ["ok", ""]
'''


class Constraint(Sandboxed):
    """The printed solution (a JSON object) satisfies a CPMpy model; `cpu=60`, `memory=4096` (MiB).

    The solution is the last JSON object in the text or, if the completion contains a program, in
    the program's output; a MiniZinc model is solved by the `minizinc` on PATH. The reference's
    `model` is Python code that defines `model` (a cpmpy.Model) and `decision`, a dict from keys to
    variables; or the reference lists the variables' names in `variables`. The object must have
    exactly these keys, with integers (booleans for boolean variables) in the right shape; all
    constraints must hold, and an objective must be optimal. (The checker of CP-Bench, Michailidis
    et al. 2025, accepts `{}` and any part of a solution.) The verdict's answer is the object, so
    that votes are over solutions.
    """

    name = "constraint"
    version = "2"  # 2: blocks behind a program are not the program
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        super().__init__(read, cpu=60, memory=4096)
        read.end()
        if find_spec("cpmpy") is None or find_spec("ortools") is None:
            how = installing.install("ttc-cli[constraint]")
            raise ValueError(f"constraint needs CPMpy and OR-Tools; {how}")

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect, and the versions of the solvers, which can change a verdict."""
        from importlib.metadata import version

        solver = {"cpmpy": version("cpmpy"), "ortools": version("ortools")}
        return {"cpu": self.cpu, "memory": self.memory, **solver}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; reads a batch ahead."""
        source = iter(samples)
        with self.pool() as pool, Workers(_READER, _READING, count=1) as readers:
            while batch := list(islice(source, _BATCH)):
                found = [
                    _assignment(readers, sample, ran)
                    for sample, ran in zip(batch, self._printed(pool, batch), strict=True)
                ]
                jobs = [
                    _job(sample, each) if isinstance(each, dict) else None
                    for sample, each in zip(batch, found, strict=True)
                ]
                checked = pool.run(job for job in jobs if job is not None)
                for each, job in zip(found, jobs, strict=True):
                    if isinstance(each, Verdict):
                        yield each
                    elif job is None:
                        yield Verdict(_spelt(each), status="no_reference", detail=_NO_MODEL)
                    else:
                        yield _verdict(_spelt(each), next(checked), self.sandbox_detail())

    def _printed(self, pool: SandboxPool, batch: list[Sample]) -> list[JobResult | None]:
        """Run the program or MiniZinc model of each sample; None for a sample without one."""
        limits = Limits(self.cpu, int(self.memory) << 20)
        printed = list(run_scripts(pool, [_program(sample.text) for sample in batch]))
        for at, sample in enumerate(batch):
            if printed[at] is None and (model := model_of(sample.text)) is not None:
                printed[at] = solve(model, limits)
        return printed


_NO_MODEL = "the reference has no model, or no variables"


def _program(text: str) -> str | None:
    """Return the program of a completion; None if the solution is in the text itself."""
    if "```" not in text or not any(library in text for library in _LIBRARIES):
        return None
    return program_of(text)


def _assignment(
    readers: Workers, sample: Sample, ran: JobResult | None
) -> dict[str, Any] | Verdict:
    """Return the last JSON object in the text or in its program's output, else the verdict."""
    text = visible(sample.text)
    if ran is not None:
        if not ran.runs:
            return Verdict(status=ran.stopped or "infra_error", detail=ran.detail)
        if failed := failure(ran.runs[0]):
            status, detail = failed
            if status in INFRA:
                return Verdict(status=status, detail=detail)
            return Verdict(None, False, 0.0, status, detail)
        text = ran.runs[0].output
    (reply,) = readers.map([text])
    if reply.status != "ok":
        return Verdict(None, False, 0.0, "no_answer", f"cannot be read as JSON: {reply.status}")
    return reply.value if isinstance(reply.value, dict) else Verdict(None, False, 0.0, "no_answer")


def last_object(text: str) -> dict[str, Any] | None:
    """Return the last complete JSON object in a text that is not inside another one, or None."""
    last, at = None, text.find("{")
    while at >= 0:
        try:
            last, end = object_at(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    return last


def _job(sample: Sample, assignment: dict[str, Any]) -> SandboxJob | None:
    model, wanted = sample.reference.get("model"), sample.reference.get("variables") or []
    if not isinstance(model, str) or not ("decision" in model or wanted):
        return None
    given = json.dumps([assignment, list(wanted)])
    tests = {
        "setup": "import json",
        "names": ["_check"],
        "tests": f"raise AssertionError(json.dumps(_check(*json.loads({given!r}))))",
        "entry": None,
    }
    return SandboxJob("calls", f"{model}\n{_CHECK}", tests, preload=_PRELOADED)


def _spelt(assignment: dict[str, Any]) -> str:
    return json.dumps(assignment, sort_keys=True, separators=(",", ":"))


def _verdict(answer: str, ran: JobResult, sandbox: str) -> Verdict:
    if ran.stopped in INFRA:
        return Verdict(answer, status=str(ran.stopped), detail=joined(ran.detail, sandbox))
    if ran.stopped is not None:
        # The reference's model took too long with this solution, which decides nothing.
        return Verdict(answer, status="undecided", detail=joined(ran.stopped, sandbox))
    try:
        what, detail = json.loads(ran.detail) if ran.why == "fail" else ("broken", ran.detail)
    except ValueError:
        what, detail = "broken", ran.detail
    if what == "broken":
        detail = f"the reference's model cannot be used: {detail}"
        return Verdict(answer, status="no_reference", detail=detail)
    right = what == "ok"
    return Verdict(answer, right, float(right), "ok", joined(detail, sandbox))
