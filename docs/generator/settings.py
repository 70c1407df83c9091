"""Settings, environment variables, exit codes and axes of cost."""

from __future__ import annotations

from generator.markdown import code, table
from ttc.config import PROJECT, SETTINGS
from ttc.curves.cost_axes import AXES
from ttc.errors import Exit

KINDS = {str: "text", int: "whole number", float: "number", dict: "table", bool: "true or false"}
CODES = {
    Exit.DONE: "done",
    Exit.GATE: "a gate was not met, or `solve` has no answer",
    Exit.USAGE: "the command, its settings or its input is wrong; nothing was done",
    Exit.BACKEND: "a model or plugin could not be found, loaded or reached",
    Exit.PARTIAL: "some draws are missing; the same command again draws them",
    Exit.SANDBOX: "no sandbox passed its self-test, so no code was run",
    Exit.STORE: "the store cannot be read or written, or a disk is full",
    Exit.BUG: "a bug in ttc; `-vv` shows the traceback",
}
VARIABLES = {
    "TTC_HOME": "the folder of the store, in place of the platform's data folder",
    "TTC_CACHE": "the folder of what may be deleted at any time",
    "TTC_CONFIG_HOME": "the folder of your `config.toml`",
    "TTC_CONFIG": "a settings file in place of your `config.toml`, as `--config`",
    "TTC_NO_PLUGINS": "1: only plugins of ttc itself",
    "TTC_NETWORK_DB": "1: allow a store on a network file system",
    "TTC_SERVE_KEY": "the key that requests to `ttc serve` need",
    "TTC_OPENAI_BASE_URL": "the server of `-m openai:MODEL`, before `OPENAI_BASE_URL`",
    "TTC_OPENAI_KEYS": "keys of servers, as `https://a.example=KEY,http://gpu:8000=KEY`",
    "OPENAI_API_KEY": "the key of the server above, else of api.openai.com",
    "TTC_RAY_ADDRESS": "the Ray cluster of `-m ray:…`, as HOST:PORT, before `RAY_ADDRESS`",
    "TTC_RAY_REPLICAS": "how many replicas a model gets there",
    "TTC_RAY_CPUS": "processors that each replica reserves",
    "TTC_RAY_GPUS": "GPUs that each replica reserves",
    "TTC_RAY_SLOTS": "the most draws that a replica has at a time",
    "CI": "set by CI services: no JSON lines in the log of a job",
    "NO_COLOR": "no colours on the terminal",
    "COLUMNS": "the width of tables",
}


def settings() -> str:
    """Return the keys of a settings file."""
    rows = [
        (
            code(name),
            code(f"TTC_{name.upper()}"),
            "text or number" if setting.kind.__name__ == "Shots" else KINDS[setting.kind],
            code(setting.default) if setting.default is not None else "",
            setting.meaning + ("" if name in PROJECT else " (not in a project's file)"),
        )
        for name, setting in SETTINGS.items()
    ]
    return table(("setting", "variable", "type", "default", "meaning"), rows)


def variables() -> str:
    """Return the environment variables that are no settings."""
    return table(("variable", "meaning"), [(code(k), v) for k, v in VARIABLES.items()])


def exit_codes() -> str:
    """Return the exit codes of every command."""
    rows = [(str(int(each)), CODES[each]) for each in Exit]
    signals = (
        "130, 143, 141",
        "ended by Ctrl-C, SIGTERM or a closed pipe; finished work is stored",
    )
    return table(("code", "meaning"), [*rows, signals])


def cost_axes() -> str:
    """Return what `--cost` takes."""
    rows = [(code(axis.flag), code(name), axis.meaning) for name, axis in AXES.items()]
    return table(("`--cost`", "in JSON and CSV", "what k draws of one problem cost"), rows)
