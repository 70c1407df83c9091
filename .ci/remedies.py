"""What lacks a package, the requirement that its message names, and how it ends once that is there.

`tests/packaging` checks that every requirement that the code names has a row here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Probe(NamedTuple):
    """A command that lacks `requirement`; with it, it ends with `code`."""

    requirement: str
    command: str
    code: int = 0


def _python(code: str) -> str:
    return f'python -c "import ttc; {code}"'


def _needs(extra: str) -> str:
    return f"python -c \"from ttc.loopback import check_installed; check_installed('{extra}')\""


# In this order: what a row needs must not have come with an earlier one.
PROBES = (
    Probe("ttc-cli[view]", _needs("view")),
    Probe("ttc-cli[keyring]", "echo key | ttc keys set https://127.0.0.1:9", 2),
    Probe("ttc-cli[yaml]", "ttc sample problems.yaml --check"),
    Probe("ttc-cli[schema]", "ttc verify draws.jsonl -V schema:any.json -q > out.jsonl"),
    Probe("ttc-cli[zstd]", "ttc sample problems.jsonl.zst --check"),
    Probe("ttc-cli[math]", "ttc verify draws.jsonl -V math -q > out.jsonl"),
    Probe("ttc-cli[rpc]", "ttc sweep judged.jsonl -s rpc"),
    Probe("ttc-cli[plot]", "ttc sweep judged.jsonl --plot curves.svg"),
    Probe("ttc-cli[arrow]", _python("ttc.sweep('judged.jsonl').to_arrow()")),
    Probe("ttc-cli[pandas]", _python("ttc.sweep('judged.jsonl').to_pandas()")),
    Probe("ttc-cli[constraint]", "ttc verify draws.jsonl -V constraint -q > out.jsonl"),
    Probe("ttc-cli[hub]", "ttc sample hf:nobody/nothing --check"),
    Probe("ttc-cli[rm]", "ttc verify draws.jsonl -V rm:hf:nobody/nothing"),
    Probe("ttc-llamacpp[smollm2]", "ttc solve 'What is 1 + 1?' -n 1 --max-tokens 8"),
    Probe("ttc-openai", "ttc solve hi -m http://127.0.0.1:9/v1#m", 3),
    Probe("ttc-ray", "ttc solve hi -m ray:scripted:answers=1 -n 1"),
    Probe("ttc-vllm", "ttc solve hi -m vllm:nobody/nothing", 3),
    Probe("ttc-vllm[cuda]", "ttc solve hi -m vllm:nobody/nothing", 3),
    Probe("ttc-llamacpp[hf]", "ttc solve hi -m hf:nobody/nothing:model.gguf", 3),
)
# Resolved, but not installed, and with what: these are gigabytes, or are compiled for minutes.
HEAVY = {
    "ttc-llamacpp[smollm2]": "",
    "ttc-ray": "",
    "ttc-vllm[cuda]": "--no-deps",
    "ttc-cli[hub]": "",
    "ttc-cli[rm]": "--no-deps",
    "ttc-llamacpp[hf]": "",
}

# "{"question": "1 + 1?"}" and a newline, as zstd packs it.
_PACKED = "28b52ffd2417b900007b227175657374696f6e223a202231202b20313f227d0a"


def write_inputs(folder: Path) -> None:
    """Write the files that the probes read."""
    lines = [
        {
            "problem": f"p{at}",
            "index": draw,
            "text": f"The answer is {draw}.",
            "reference": {"answer": "1"},
        }
        for at in range(6)
        for draw in range(8)
    ]
    judged = [
        {
            **line,
            "answer": str(line["index"]),
            "correct": line["index"] == 1,
            "logprob": -1.0 - line["index"],
        }
        | {"completion_tokens": 8, "finish_reason": "stop"}
        for line in lines
    ]
    for name, rows in (("draws", lines), ("judged", judged)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / "any.json").write_text("{}", encoding="utf-8")
    (folder / "problems.yaml").write_text("- question: 1 + 1?\n", encoding="utf-8")
    (folder / "problems.jsonl.zst").write_bytes(bytes.fromhex(_PACKED))
