"""The sandbox: runs and judges programs of models where they can do no harm.

`pool` runs jobs on fork servers (`servers`), `tiers` has the ways to isolate these, `probe` attacks
a tier before it is used, `command` isolates a user's command. `inside` is the code that runs in the
sandbox.
"""
