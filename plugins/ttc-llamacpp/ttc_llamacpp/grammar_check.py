"""Tries a user's grammar with llama.cpp in a process of its own before it is used in this one."""

from __future__ import annotations

import json

from ttc_llamacpp import children
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.gbnf import Reader
from ttc_llamacpp.llama_api import Model


def check(grammar: str, model: Model) -> None:
    """Raise GrammarError if a grammar names a token that the model does not have, or if llama.cpp
    refuses it, crashes or does not return."""
    reader = Reader(grammar)
    reader.read()
    for text, at in reader.tokens:
        known = text[2:-2].isdigit() and int(text[2:-2]) < model.n_vocab
        if not known if text.startswith("<[") else len(model.tokenize(text, add_bos=False)) != 1:
            raise reader.error(f"the model has no token {text}", at)
    stdin = json.dumps({"grammar": grammar, "vocabulary": str(model.path)})
    try:
        result = children.run("ttc_llamacpp.grammar_check_child", stdin=stdin)
    except children.ChildError:
        return  # it says nothing about the grammar
    if result.death:
        raise GrammarError(f"the grammar: llama.cpp {result.death} with it")
    if "refused" in result.out:
        lines = [line for line in result.complaints.splitlines() if "rror" in line]
        why = lines[0].partition("grammar: ")[2] if lines else "it gives no reason"
        raise GrammarError(f"the grammar: llama.cpp refuses it: {why or lines[0]}")
