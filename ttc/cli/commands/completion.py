"""`ttc completion`: the script that teaches a shell to complete ttc."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt

SHELLS = ("bash", "zsh", "fish")


def completion(
    shell: Annotated[
        str, typer.Argument(metavar="bash|zsh|fish", autocompletion=lambda: list(SHELLS))
    ],
    verbose: opt.Verbose = 0,
) -> None:
    """Print the completion script of a shell.

    bash: ttc completion bash > ~/.local/share/bash-completion/completions/ttc

    zsh: ttc completion zsh > a file _ttc in a folder of your $fpath

    fish: ttc completion fish > ~/.config/fish/completions/ttc.fish
    """
    from ttc.errors import UsageError

    if shell not in SHELLS:
        raise UsageError(f"no completion for {shell!r}; there are {', '.join(SHELLS)}")
    print(script(shell))


def script(shell: str) -> str:
    """Return the script: a call of ttc itself, so that it is never behind the options."""
    from typer._completion_shared import get_completion_script

    return str(
        get_completion_script(prog_name="ttc", complete_var="_TTC_COMPLETE", shell=shell)
    ).strip()
