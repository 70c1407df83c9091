"""Reward models, run in transformers.

`checkpoint` finds a model's files and reads its configuration, without heavy imports; `options`
reads the options of `rm:`; `inputs` tokenizes question and answer; `model` loads and runs the
weights; `verifier` turns their scores into verdicts.
"""
