"""Names that other tools have for our fields, where they cannot mean anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats import finish_reasons

# Ours → theirs. One of them must be there, and only one, to be read without --map.
NAMES: Mapping[str, tuple[str, ...]] = {
    "problem": (
        *("problem_id", "question_id", "task_id", "doc_id", "example_id", "instance_id"),
        *("custom_id", "unique_id"),
    ),
    "text": (
        *("completion", "response", "output", "generation", "model_output", "generated_text"),
        *("output_text", "model_response", "solution"),
    ),
    "correct": ("passed", "is_correct", "acc", "exact_match", "is_passed", "symbolic_correct"),
    "answer": ("predicted_answer", "extracted_answer", "parsed_answer", "model_answer"),
    "completion_tokens": (
        *("num_generated_tokens", "generated_tokens", "output_tokens", "num_output_tokens"),
        "num_completion_tokens",
    ),
    "prompt_tokens": ("input_tokens", "num_input_tokens", "num_prompt_tokens"),
    "think_tokens": ("reasoning_tokens", "thinking_tokens"),
    "finish_reason": ("done_reason", "stop_reason"),
    "logprob": ("cumulative_logprob",),
    "reference": (
        *("expected_answer", "gt_answer", "ground_truth", "gold_answer", "reference_answer"),
        *("correct_answer", "gold", "target"),
    ),
}
# A `solution` beside a question is that of the dataset.
_QUESTIONS = ("question", "prompt", "problem", "messages", "instruction", "input")
# Of which a choice between two fields is the user's.
REQUIRED = ("problem", "text", "correct")
ALL = frozenset(name for names in NAMES.values() for name in names)


def candidates(record: Mapping[str, Any], ours: str) -> list[str]:
    """Return the fields of a record that may be ours."""
    found = [name for name in NAMES[ours] if record.get(name) is not None]
    if ours == "text" and any(name in record for name in _QUESTIONS):
        return [name for name in found if name != "solution"]
    if ours == "reference":
        return [name for name in found if isinstance(record[name], (str, int, float))]
    if ours == "finish_reason":
        return [name for name in found if finish_reasons.read(record[name]) is not None]
    return found
