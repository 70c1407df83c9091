"""JUnit XML, which GitLab, GitHub and Jenkins read: a test case for each problem, gate or
value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

from ttc.curves.gate_words import in_words
from ttc.curves.gates import GateResult
from ttc.curves.result import SweepResult
from ttc.messages.counts import some
from ttc.paths import atomic_write
from ttc.records import INFRA, Curve, Sample, Verdict
from ttc.report.escaping import in_xml
from ttc.report.gates import reasons
from ttc.report.intervals import with_intervals


@dataclass(slots=True)
class Case:
    """The verdicts on one problem, which passes if a sample is correct.

    Samples that this machine could not judge are left out; a problem with no others is skipped.
    """

    problem: str
    samples: int = 0
    correct: int = 0
    errors: int = 0
    undecided: int = 0
    left_out: int = 0
    example: str = ""

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Count one sample."""
        if verdict.status in INFRA:
            self.left_out += 1
            return
        self.samples += 1
        self.correct += bool(verdict.correct)
        self.errors += verdict.status == "error"
        self.undecided += verdict.correct is None
        if not verdict.correct and not self.example:
            answer = "no answer" if verdict.answer is None else f"answer {verdict.answer!r}"
            self.example = f"draw {sample.index}: {answer} {verdict.detail}".strip()


def add_case(cases: dict[str, Case], sample: Sample, verdict: Verdict) -> None:
    """Count one sample in the case of its problem."""
    case = cases.get(sample.problem)
    if case is None:
        case = cases[sample.problem] = Case(sample.problem)
    case.add(sample, verdict)


class Suite(NamedTuple):
    """The cases of one source; `gate` is whether that of --fail-under is met, and why: a case of
    its own, the first one."""

    name: str
    cases: Sequence[Case]
    gate: tuple[bool, str] | None = None


def write_junit(path: str, suites: Iterable[Suite]) -> None:
    """Write suites. A failure is also in the body of its case, which GitLab shows."""
    root = ElementTree.Element("testsuites")
    for suite in suites:
        _add_suite(root, suite)
    _write(root, path)


def _add_suite(root: ElementTree.Element, suite: Suite) -> None:
    name, listed, gate = suite
    skipped = sum(not case.samples for case in listed)
    failed = sum(not case.correct for case in listed) - skipped
    missed = gate is not None and not gate[0]
    tests = len(listed) + (gate is not None)
    counts = {"tests": tests, "failures": failed + missed, "errors": 0, "skipped": skipped}
    attributes = {"name": name, **{each: str(count) for each, count in counts.items()}}
    element = _added(root, "testsuite", attributes)
    if gate is not None:
        test = _added(element, "testcase", {"classname": name, "name": "--fail-under"})
        _added(
            test,
            "failure" if missed else "system-out",
            {"message": gate[1]} if missed else {},
            gate[1],
        )
    for case in listed:
        test = _added(element, "testcase", {"classname": name, "name": case.problem})
        if not case.samples:
            line = f"the machine failed to judge {some(case.left_out, 'sample')}"
            _added(test, "skipped", {"message": line}, line)
        elif not case.correct:
            line = f"0 of {case.samples} samples correct; {case.example}"
            _added(test, "failure", {"message": line}, line)


class _Test(NamedTuple):
    """A test case of a sweep: `failure` and `skipped` are reasons, `output` is for people."""

    source: str
    name: str
    failure: str | None = None
    skipped: str | None = None
    output: str | None = None


def write_sweep(path: str, result: SweepResult) -> None:
    """Write one suite with a test case for each gate of each source, for each problem that does not
    meet one, and for each rule@k, which fails if a gate that is about it is not met."""
    several = len(result.problems) > 1
    tests = [test for decision in result.decisions for test in _gate(decision)]
    tests += [test for curve in result.curves for test in _values(curve, result)]
    failures = sum(test.failure is not None for test in tests)
    skipped = sum(test.skipped is not None for test in tests)
    counts = {"tests": len(tests), "failures": failures, "errors": 0, "skipped": skipped}
    attributes = {"name": "ttc sweep", **{name: str(count) for name, count in counts.items()}}
    root = ElementTree.Element("testsuites")
    suite = _added(root, "testsuite", attributes)
    for test in tests:
        # A source by itself is no name: with a pool for each commit, no test would be known from
        # the run before.
        within = test.source if several else attributes["name"]
        case = _added(suite, "testcase", {"classname": within, "name": test.name})
        for tag, line in (("failure", test.failure), ("skipped", test.skipped)):
            if line is not None:
                _added(case, tag, {"message": line}, line)
        if test.output is not None:
            _added(case, "system-out", {}, test.output)
    _write(root, path)


def _gate(decision: GateResult) -> Iterator[_Test]:
    """Yield the test cases of a gate."""
    source, gate = decision.source, decision.gate
    if decision.met:
        yield _Test(source, gate, output=f"met: {decision.reason}")
    else:
        yield _Test(source, gate, "\n".join(reasons(decision)))
    for fall in decision.problems:
        yield _Test(source, f"{gate}: {fall.problem}", in_words(fall))
    for problem, value in decision.below.items():
        yield _Test(source, f"{gate}: {problem}", f"{problem}: it is {value:.6g}")


def _values(curve: Curve, result: SweepResult) -> Iterator[_Test]:
    """Yield a test case for each budget of a rule."""
    broken = {
        term: decision.reason
        for decision in reversed(result.decisions)
        if not decision.met and decision.source == curve.source
        for term in _terms(decision, result)
    }
    for point in curve.points:
        name = f"{curve.selector}@{point.k}"
        if point.value is None:
            yield _Test(curve.source, name, skipped=point.note or "undefined")
            continue
        told = f"{with_intervals(point)} over {some(point.problems, 'problem')}"
        yield _Test(curve.source, name, broken.get(name), output=told)


def _terms(decision: GateResult, result: SweepResult) -> list[str]:
    """Return the rule@k that a gate is about: of a baseline, those that fell."""
    asserted = [gate for gate in result.options.gates if gate.text == decision.gate]
    if asserted:
        return [f"{rule}@{k}" for gate in asserted for rule, k in gate.terms]
    fallen = [fall.term for fall in decision.problems if fall.term is not None]
    return [*(mean.term for mean in decision.means), *fallen]


def _added(
    parent: ElementTree.Element, tag: str, attributes: Mapping[str, str], text: str | None = None
) -> ElementTree.Element:
    """Add an element; whatever its text and attributes hold, the document is well-formed."""
    clean = {name: in_xml(value) for name, value in attributes.items()}
    element = ElementTree.SubElement(parent, tag, clean)
    element.text = None if text is None else in_xml(text)
    return element


def _write(root: ElementTree.Element, path: str) -> None:
    document = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    atomic_write(path, document, "--junit")
