"""Values of options that have a fixed few. A test compares them with those that the code takes,
whose modules a key press must not import."""

TIES = ("split", "first", "strict")
INVALID = ("abstain", "class", "wrong")
DRAW = ("without", "with", "prefix")
INTERVAL = ("gaffke", "wilson", "percentile", "bca")
EFLOPS = ("race", "kinetics")
POPULATION = ("problems", "draws")
AGGREGATE = ("last", "min", "prod", "mean")
SANDBOX = ("auto", "bwrap", "landlock", "seatbelt", "none")
THINKING = ("on", "off", "low", "medium", "high")
# Formats of ttc that export writes.
WRITTEN = (
    *("jsonl", "csv", "tsv", "parquet", "arrow"),
    *("human-eval", "evalplus", "openai-batch", "inspect", "every-eval-ever"),
)
