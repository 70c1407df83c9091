"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttc.cli.completing import choices, offer, offer_specs, words
from ttc.config import SETTINGS


def _setting(name: str, meaning: str) -> str:
    """Return the help of an option, with its default if neither flag nor setting is given."""
    return f"{meaning} [default: {SETTINGS[name].default}]"


Database = Annotated[
    Path | None,
    typer.Option("--db", help="The store (default: TTC_DB, else the user's data folder)."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A settings file to use instead of the user's.")
]
Project = Annotated[
    bool, typer.Option("--project", help="Write ttc.toml of this project, not the user's file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RawOutput = Annotated[
    bool,
    typer.Option(
        "--raw-output", help="Print text on a terminal as it is, with its control characters."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only print errors.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, help="-vv: add tracebacks to errors.", show_default=False
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE|-", help="Write JSON lines to a file (-: stdout)."
    ),
]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="A GGUF file, BACKEND:MODEL, http://HOST:PORT/v1, or an alias.",
        autocompletion=offer("models"),
    ),
]
Draws = Annotated[
    int | None, typer.Option("-n", min=1, help="Draws per problem [default: 16; solve: 8].")
]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help=_setting("max_tokens", "Generated tokens per draw."))
]
Temperature = Annotated[
    float | None, typer.Option("--temperature", "-t", help=_setting("temperature", "0 is greedy."))
]
TopP = Annotated[float | None, typer.Option(help=_setting("top_p", "1 is off."))]
TopK = Annotated[int | None, typer.Option(help=_setting("top_k", "0 is off."))]
MinP = Annotated[float | None, typer.Option(help=_setting("min_p", "0 is off."))]
Stop = Annotated[
    list[str] | None, typer.Option(help="Stop before this text; may be given several times.")
]
Thinking = Annotated[
    str | None,
    typer.Option(
        metavar="on|off|low|medium|high|N",
        help="Turn reasoning on or off, set its effort, or end it after N tokens, where the model "
        "has that.",
        autocompletion=words(*choices.THINKING),
    ),
]
PresencePenalty = Annotated[
    float | None,
    typer.Option(help=_setting("presence_penalty", "Lowers logits of tokens that occurred.")),
]
FrequencyPenalty = Annotated[
    float | None, typer.Option(help=_setting("frequency_penalty", "The same, for each occurrence."))
]
RepeatPenalty = Annotated[
    float | None,
    typer.Option(
        help=_setting("repeat_penalty", "Divides logits of tokens that occurred; 1 is off.")
    ),
]
LogitBias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TOKEN=BIAS",
        help="Add to the logit of a token: its id, or its text (llamacpp); may be repeated.",
    ),
]
Extra = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=JSON",
        help="A further field of requests, an argument of the chat template, or header.NAME; may "
        "be repeated.",
    ),
]
Grammar = Annotated[
    str | None, typer.Option(metavar="FILE.gbnf", help="Draw only what this GBNF grammar allows.")
]
Schema = Annotated[
    str | None, typer.Option(metavar="FILE.json", help="Draw only JSON of this JSON Schema.")
]
Regex = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="Draw only what matches from end to end; @FILE reads it."),
]
Logprobs = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="K",
        help="Keep the K likeliest tokens of each place, for show and export [default: 0].",
    ),
]
System = Annotated[str | None, typer.Option(help="The system message; @FILE reads it.")]
Template = Annotated[
    str | None, typer.Option(help="Text around the question, {prompt} in it; @FILE reads it.")
]
FewShot = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Show solved problems of this file before the question."),
]
Shots = Annotated[
    str | None,
    typer.Option(
        metavar="K|K@SEED", help="How many of them: the first K, or K drawn for each problem."
    ),
]
Raw = Annotated[bool, typer.Option("--raw", help="No chat: the question is the whole prompt.")]
Seed = Annotated[
    int | None, typer.Option(help=_setting("seed", "Base seed; another seed draws other samples."))
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="OURS=THEIRS,…",
        help="Name fields of foreign files: text=choices.0.text, prompt=body+question, "
        "correct=score:>0.5; repeatable.",
    ),
]
FileKind = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Kind of a file: csv, text, yaml, … (ttc plugins --formats) [default: by its bytes].",
        autocompletion=offer("file-kinds"),
    ),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Skip bad lines, and say how many.")]
NewPool = Annotated[
    bool,
    typer.Option(
        "--new-pool",
        help="If the pool has other settings, draw into a new one: NAME.2, NAME.3, …",
    ),
]
VerifierName = Annotated[
    str | None,
    typer.Option(
        "--verifier",
        "-V",
        help="Which verifier judges: NAME:key=value,… (ttc plugins --verifiers).",
        autocompletion=offer_specs("verifiers"),
    ),
]
JudgedBy = Annotated[
    str | None,
    typer.Option(
        "--verifier",
        "-V",
        help="Whose verdicts count, if several verifiers judged: NAME:key=value,…",
        autocompletion=offer_specs("verifiers"),
    ),
]
Csv = Annotated[str | None, typer.Option(metavar="FILE|-", help="Write a table as CSV.")]
Markdown = Annotated[str | None, typer.Option(metavar="FILE|-", help="Write a table as Markdown.")]
Tex = Annotated[
    str | None, typer.Option(metavar="FILE|-", help="Write a table as LaTeX (booktabs).")
]
Pivot = Annotated[
    bool, typer.Option("--pivot", help="Tables by rule, with the pools side by side.")
]
Method = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[:OPTIONS]",
        help="A rule or a strategy: majority, first-finish, beam:n=16,m=4, … [default: vote, "
        "or agree if few draws have an answer].",
        autocompletion=offer_specs("strategies", "selectors"),
    ),
]
Scorer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[:OPTIONS]",
        help="Scorer of steps: likelihood, or a verifier.",
        autocompletion=offer_specs("verifiers"),
    ),
]
Aggregate = Annotated[
    str,
    typer.Option(
        help="How to combine the scores of steps: last, min, prod or mean.",
        autocompletion=words(*choices.AGGREGATE),
    ),
]
Draft = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="The small model that drafts for specreason.",
        autocompletion=offer("models"),
    ),
]
