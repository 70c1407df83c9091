"""A notebook in 15 lines: sample, verify, sweep two pools, compare them, plot, get a data frame."""

import ttc

pools = {}
for temperature in (0.8, 1.2):
    name = f"t{temperature}"
    pools[name] = ttc.sample(
        "examples/arithmetic.jsonl", n=8, limit=8, pool=name, temperature=temperature
    )
    pools[name].verify("numeric")
curves = ttc.sweep(*pools.values(), rules="coverage,majority", ks=[1, 2, 4, 8])
for difference in ttc.compare(*pools.values(), rules="majority", ks=8):
    print(difference.value_of, "-", difference.against, difference.difference, difference.p)
curves.plot(cost="samples").savefig("curves.svg")
print(curves.to_pandas()[["source", "rule", "k", "value", "low", "high"]])
