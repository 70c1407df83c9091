"""Samples of large_language_monkeys: a YAML file for each problem, with all its draws.

`prompt`, `question`, `samples` (the draws), `gt_answer` or `test_cases`; after its evaluation also
`is_corrects`, in the order of the samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ttc.answers.extract import boxed
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.opening import accept, checked_text, opened, unread
from ttc.plugins.installing import install
from ttc.records import Problem, Sample, Verdict

_READ = (
    *("prompt", "question", "samples", "gt_answer", "is_corrects", "test_cases", "name"),
    *("solutions", "theorem_name", "timeout"),
)
_KEY = re.compile(rb"^([a-z_]+):", re.MULTILINE)


class LargeLanguageMonkeys:
    """A file of large_language_monkeys; a folder of them is a pool."""

    name = "large-language-monkeys"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file begins with fields of this layout, which are sorted by name."""
        keys = [key.decode() for key in _KEY.findall(head)]
        if not keys or keys[0] not in _READ or head.lstrip()[:1] in (b"{", b"["):
            return False
        return "is_corrects" in keys or {"prompt", "question"} <= {*keys}

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. It has no options."""
        accept(options, (), self.name)
        record = _loaded(path)
        samples = record.get("samples")
        if not isinstance(samples, list):
            raise UsageError(f"{path}: no list 'samples' among {', '.join(map(str, record))}")
        problem = _problem(record, path)
        corrects = record.get("is_corrects")
        if corrects is not None and (
            not isinstance(corrects, list) or len(corrects) != len(samples)
        ):
            count = len(corrects) if isinstance(corrects, list) else 0
            raise UsageError(f"{path}: {count} 'is_corrects' for {len(samples)} 'samples'")
        for index, text in enumerate(samples):
            place = f"{path}: samples[{index}]"
            yield Draw(
                problem,
                Sample(problem.id, index, checked_text(text, place, "a sample"), "stop"),
                () if corrects is None else (_opinion(corrects[index], place),),
                place,
                unused=unread(record, _READ),
            )


def _loaded(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise UsageError(f"{path}: YAML needs a package: {install('ttc-cli[yaml]')}") from None
    with opened(path) as stream:
        try:
            found = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: not a file of large_language_monkeys, which is an object")
    return found


def _problem(record: Mapping[str, Any], path: Path) -> Problem:
    reference: dict[str, Any] = {}
    if (gold := record.get("gt_answer")) is not None:
        reference["answer"] = _answer(str(gold))
    cases = record.get("test_cases")
    if isinstance(cases, dict) and {"input", "output"} <= cases.keys():
        reference |= {"inputs": cases["input"], "outputs": cases["output"]}
    prompt = record.get("prompt") or record.get("question")
    name = path.name.removesuffix(".gz").removesuffix(".yaml").removesuffix(".yml")
    return Problem(name, (), prompt if isinstance(prompt, str) else None, reference)


def _answer(gold: str) -> str:
    """Return the answer of a solution: GSM8K's stands after ####, that of MATH in a box."""
    _, found, answer = gold.rpartition("#### ")
    if found:
        return answer.strip().replace(",", "")
    return boxed(gold) or gold


def _opinion(correct: Any, place: str) -> Opinion:
    if not isinstance(correct, bool):
        raise UsageError(f"{place}: its 'is_corrects' must be true or false, not {correct!r}")
    verdict = Verdict(correct=correct, reads_reference=True)
    return Opinion("large-language-monkeys", verdict)
