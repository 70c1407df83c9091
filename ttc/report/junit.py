"""JUnit XML, which GitLab, GitHub and Jenkins read: one test case for each problem or gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from ttc.curves.gates import GateResult, in_words
from ttc.paths import atomic_write
from ttc.records import INFRA, Sample, Verdict
from ttc.report.escaping import in_xml


@dataclass(slots=True)
class Case:
    """The verdicts on one problem, which passes if a sample is correct.

    Samples that this machine could not judge are left out; a problem with no others is skipped.
    """

    problem: str
    samples: int = 0
    correct: int = 0
    errors: int = 0
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
        if not verdict.correct and not self.example:
            answer = "no answer" if verdict.answer is None else f"answer {verdict.answer!r}"
            self.example = f"draw {sample.index}: {answer} {verdict.detail}".strip()


def add_case(cases: dict[str, Case], sample: Sample, verdict: Verdict) -> None:
    """Count one sample in the case of its problem."""
    case = cases.get(sample.problem)
    if case is None:
        case = cases[sample.problem] = Case(sample.problem)
    case.add(sample, verdict)


def write_junit(path: str, suite: str, cases: Iterable[Case]) -> None:
    """Write one suite. The failure is also in the body, which GitLab shows."""
    listed = list(cases)
    skipped = sum(not case.samples for case in listed)
    failed = sum(not case.correct for case in listed) - skipped
    counts = {"tests": len(listed), "failures": failed, "errors": 0, "skipped": skipped}
    attributes = {"name": suite, **{name: str(count) for name, count in counts.items()}}
    root = ElementTree.Element("testsuites")
    element = _added(root, "testsuite", attributes)
    for case in listed:
        test = _added(element, "testcase", {"classname": suite, "name": case.problem})
        if not case.samples:
            line = f"the machine failed to judge {case.left_out} samples"
            _added(test, "skipped", {"message": line}, line)
        elif not case.correct:
            line = f"0 of {case.samples} samples correct; {case.example}"
            _added(test, "failure", {"message": line}, line)
    _write(root, path)


def write_gates(path: str, decisions: Iterable[GateResult]) -> None:
    """Write one suite with a test case for each gate and source, and one for each problem that
    does not meet it."""
    cases = [case for decision in decisions for case in _cases(decision)]
    failures = sum(line is not None for *_, line in cases)
    counts = {"tests": len(cases), "failures": failures, "errors": 0, "skipped": 0}
    attributes = {"name": "ttc sweep", **{name: str(count) for name, count in counts.items()}}
    root = ElementTree.Element("testsuites")
    suite = _added(root, "testsuite", attributes)
    for source, name, line in cases:
        test = _added(suite, "testcase", {"classname": source, "name": name})
        if line is not None:
            _added(test, "failure", {"message": line}, line)
    _write(root, path)


def _cases(decision: GateResult) -> Iterator[tuple[str, str, str | None]]:
    """Yield the source and name of each test case of a gate, and why it failed."""
    source, gate = decision.source, decision.gate
    yield source, gate, None if decision.met else decision.reason
    for fall in decision.problems:
        yield source, f"{gate}: {fall.problem}", in_words(fall)
    for problem, value in decision.below.items():
        yield source, f"{gate}: {problem}", f"{problem}: it is {value:.6g}"


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
