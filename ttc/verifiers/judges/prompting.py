"""The text of a judge's prompt, and the last line of its reply."""

from __future__ import annotations

from importlib import resources

from ttc.records import Sample

UNASKED = "the question is unknown: verify a pool, or lines with prompt or messages"


def packaged(name: str) -> str:
    """Return the text of a packaged prompt."""
    path = resources.files("ttc.verifiers") / "prompts" / f"{name}.txt"
    return path.read_text(encoding="utf-8")


def question(sample: Sample) -> str:
    """Return the question; the turns of a longer chat under their roles."""
    if len(sample.asked) == 1:
        return sample.asked[0].content
    return "\n\n".join(f"[{turn.role}]\n{turn.content}" for turn in sample.asked)


def fill(template: str, **values: str) -> str:
    """Replace each {name} in a template by its value; names inside values are not replaced."""
    parts, rest = [], template
    while rest:
        found = [(rest.find(f"{{{name}}}"), name) for name in values]
        at, name = min((pair for pair in found if pair[0] >= 0), default=(-1, ""))
        if at < 0:
            break
        parts += [rest[:at], values[name]]
        rest = rest[at + len(name) + 2 :]
    return "".join([*parts, rest])


def last_line(text: str, label: str) -> str | None:
    """Return the text after `label` in the last line, without emphasis marks; else None."""
    line = text.strip().rpartition("\n")[2].strip(" *_`")
    head, colon, rest = line.partition(label)
    return rest.strip(" *_`.") if colon and not head.strip(" *_`#") else None
