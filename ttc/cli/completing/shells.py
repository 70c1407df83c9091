"""The scripts that make a shell complete ttc, and the answers that they get.

A script passes the command line up to the cursor; ttc answers with a candidate a line, as the
shell takes it. Where there is none, the script completes the names of files.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any

LINE = "_TTC_LINE"
BREAKS = "COMP_WORDBREAKS"
SHELLS = ("bash", "zsh", "fish")

_BASH = """\
_ttc_completion() {
    local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}"
    COMPREPLY=( $( _TTC_COMPLETE=line_bash _TTC_LINE="$line" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
                   "$1" 2> /dev/null ) )
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace 2> /dev/null
    fi
    return 0
}

complete -o default -F _ttc_completion ttc"""

_ZSH = """\
#compdef ttc

_ttc_completion() {
    local line="${(j: :)${(@q-)words[1,CURRENT-1]}} $PREFIX"
    local -a found open closed
    found=("${(@f)$(_TTC_COMPLETE=line_zsh _TTC_LINE="$line" "${words[1]}" 2> /dev/null)}")
    found=(${found:#})
    if (( ! $#found )); then
        _files
        return
    fi
    open=(${(M)found:#*[:=/]})
    closed=(${found:#*[:=/]})
    (( $#open )) && compadd -S '' -- $open
    (( $#closed )) && compadd -- $closed
}

compdef _ttc_completion ttc"""

_FISH = """\
function __ttc_complete
    set -l line (commandline -cp | string collect)
    set -l found (env _TTC_COMPLETE=line_fish _TTC_LINE="$line" ttc 2> /dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command ttc --no-files --arguments '(__ttc_complete)'"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """Return the completion script of a shell."""
    return _SCRIPTS[shell]


def answer(
    group: Any, how: str, hoist: Callable[[Sequence[str]], list[str]], options: Sequence[str]
) -> str:
    """Return what may complete the line in LINE, a candidate a line; "" if anything fails.

    `hoist` puts global options behind the command; `options` are those and what is one by itself.
    """
    from ttc.cli.typer_parts import candidates

    with contextlib.suppress(Exception):
        words, last, quoted = split(os.environ.get(LINE, ""))
        if not words:
            return ""
        option, equals, value = last.partition("=")
        is_option = last.startswith("--") and bool(equals)
        given = hoist(words[1:])
        if given and not given[0].startswith("-") and given[0] not in (*group.summaries, "help"):
            return ""
        found = candidates(group, given, last)
        if last.startswith("-") and all(each.startswith("-") for each in words[1:]):
            found += sorted(each for each in options if each.startswith(last))
        head = option + equals if is_option and value is not None else ""
        found = [each if each.startswith("--") else head + each for each in found]
        if how == "line_bash" and not quoted:
            cut = _cut(last, os.environ.get(BREAKS, ":="))
            found = [each[cut:] for each in found if each.startswith(last[:cut])]
        return "\n".join(dict.fromkeys(found))
    return ""


def _cut(word: str, breaks: str) -> int:
    """Return how many characters of a word bash takes for words of their own."""
    return 1 + max((word.rfind(each) for each in ":=" if each in breaks), default=-1)


def split(line: str) -> tuple[Sequence[str], str, bool]:
    """Split a command line up to the cursor: the whole words, the one that is being typed, and
    whether that is quoted. Assignments of variables before the command are left out."""
    words: list[str] = []
    quoted = False
    for close in ("", "'", '"', "\\"):  # a quote may be open still
        with contextlib.suppress(ValueError):
            words, quoted = shlex.split(line + close), bool(close)
            break
    typing = "" if not quoted and (not line or line[-1].isspace()) else words.pop()
    while words and "=" in words[0] and words[0].partition("=")[0].isidentifier():
        del words[0]
    return words, typing, quoted
