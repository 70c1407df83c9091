"""The sandbox: programs of models, run and judged where they can do no harm.

`pool` runs jobs on fork servers, `tiers` starts these in what this machine offers and proves by
attack that it holds, `inside` is what runs there.
"""
