"""`ttc completion`: the script that teaches a shell to complete ttc."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing.offers import words
from ttc.cli.completing.shells import SHELLS, script


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", autocompletion=words(*SHELLS))],
    verbose: opt.Verbose = 0,
) -> None:
    """Print the completion script of a shell.

    bash: ttc completion bash > ~/.local/share/bash-completion/completions/ttc

    zsh: ttc completion zsh > FOLDER/_ttc, where FOLDER is one of $fpath

    fish: ttc completion fish > ~/.config/fish/completions/ttc.fish
    """
    from ttc.errors import UsageError

    if shell not in SHELLS:
        raise UsageError(f"no completion for {shell!r}; there are {', '.join(SHELLS)}")
    print(script(shell))
