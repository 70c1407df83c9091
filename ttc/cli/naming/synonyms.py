"""The words that other tools, and people, have for the commands and options of ttc.

Each entry is a command of ttc (as typed behind `ttc`) or an option, what it does, and the other
words for it. A word may stand in several entries: the first that exists answers.
"""

from __future__ import annotations

from typing import NamedTuple


class Meant(NamedTuple):
    """A command of ttc, what it does, and other words for it."""

    command: str
    does: str
    words: str


COMMANDS = (
    Meant("help", "explains a command", "man usage manual"),
    Meant(
        "solve",
        "answers a question",
        "ask prompt chat answer question query-model complete completion-of reply predict infer "
        "inference think tell talk vote best-of-n bon self-consistency",
    ),
    Meant(
        "sample",
        "draws completions for the problems of a file",
        "generate gen draw draws run-model rollout rollouts synthesize collect batch resume "
        "samples",
    ),
    Meant(
        "verify",
        "judges the samples of a pool or a file",
        "score grade judge check mark assess validate rate verdict verdicts label",
    ),
    Meant(
        "sweep POOL -s coverage",
        "computes pass@k",
        "pass@k pass-at-k pass-k passk pass@1 coverage",
    ),
    Meant("sweep POOL -s majority", "computes majority votes", "maj@k majority maj-at-k consensus"),
    Meant("sweep POOL --plot FILE.svg", "draws the curves", "plot graph chart draw-curve figure"),
    Meant("sweep A B --compare", "compares pools problem by problem", "compare comparison versus"),
    Meant("show A --diff B", "lists the problems on which two pools differ", "diff differences"),
    Meant("sweep POOL --assert 'majority@8>=0.5'", "is a gate for CI", "gate assert ci require"),
    Meant(
        "sweep",
        "computes what each rule scores at each budget",
        "curve curves analyze analyse analysis report results result summary summarize stats "
        "statistics metrics metric accuracy aggregate estimate select budget scaling",
    ),
    Meant(
        "sample FILE",
        "draws; then ttc verify POOL judges, and ttc sweep POOL scores",
        "run eval evaluate evaluation evals test tests benchmark experiment task start launch go",
    ),
    Meant("models tune MODEL", "measures the fastest options here", "bench tune perf speed"),
    Meant("models probe MODEL", "tests what a server supports", "probe ping"),
    Meant("import", "reads the logs of other tools", "load ingest read add push-in"),
    Meant("export", "writes pools as files", "dump save write convert download to-csv csv extract"),
    Meant("ls", "lists the pools", "list dir pools pool runs history log logs index all"),
    Meant(
        "show",
        "shows a pool, a problem or a sample",
        "cat print inspect info describe open get details detail head tail less look peek display "
        "problem sample-of failures wrong errors",
    ),
    Meant("view", "shows samples in the browser", "web ui browse browser gui dashboard viewer"),
    Meant("serve", "answers as an OpenAI-compatible server", "server api proxy endpoint host"),
    Meant("rm", "removes pools", "remove delete del drop erase unlink purge clear"),
    Meant("mv", "renames a pool", "rename move"),
    Meant("models", "lists the models", "model aliases alias engines list-models"),
    Meant(
        "plugins",
        "lists backends, verifiers, selectors, strategies and formats",
        "plugin extensions extension addons backends backend verifiers verifier selectors selector "
        "rules rule strategies strategy formats format methods method list-plugins scorers",
    ),
    Meant("config init", "writes a settings file to begin with", "init setup configure new create"),
    Meant("config set", "stores a setting", "set"),
    Meant("config", "shows the settings", "settings options preferences env configuration setting"),
    Meant("keys", "stores the keys of servers", "key login auth token secrets credentials logout"),
    Meant("db query", "queries the store with SQL", "sql query select-from sqlite"),
    Meant("db search", "searches the texts of samples", "search grep find fts"),
    Meant("db merge", "merges stores", "merge join combine concat"),
    Meant("db backup", "copies the store", "backup copy cp clone snapshot"),
    Meant(
        "db vacuum", "gives free space back to the disk", "vacuum gc prune clean cleanup compact"
    ),
    Meant("db path", "prints where the store is", "path where which store database location"),
    Meant("db", "looks after the store", "databases storage"),
    Meant(
        "doctor",
        "checks this installation",
        "diagnose health status self-test selftest debug check-install troubleshoot fix",
    ),
    Meant("completion shell", "prints the completion script of a shell", "completions complete-me"),
    Meant("--version", "prints the version", "about ver"),
)

# The words that groups of commands have for theirs.
WITHIN = {
    "db": {
        "merge": "join add combine import",
        "backup": "copy cp dump clone save export snapshot",
        "vacuum": "compact gc shrink prune clean optimize optimise",
        "check": "verify fsck integrity test validate doctor",
        "query": "sql select q exec run",
        "search": "find grep fts text",
        "tables": "schema list ls describe columns",
        "path": "where location file dir which info show",
    },
    "models": {
        "tune": "bench benchmark optimize optimise autotune measure speed",
        "probe": "test check ping capabilities",
        "batches": "batch jobs",
        "default": "set-default use set choose select",
        "show": "describe info inspect details",
        "list": "ls all",
        "alias": "name aliases add",
    },
    "config": {
        "init": "create new setup write generate",
        "set": "add put update change",
        "get": "show print read value",
        "path": "where file location",
        "list": "ls all origin",
        "unset": "remove rm delete del reset",
    },
    "keys": {
        "set": "add put store login new",
        "list": "ls show all",
        "remove": "rm delete del unset logout",
        "path": "where file location",
    },
}

# Several words for one option: those of Hugging Face, vLLM, lm-eval, inspect, llm, OpenAI, pytest.
OPTIONS = {
    "-n": "samples num-samples n-samples nsamples number-of-samples num-draws draws count num "
    "best-of repeats repeat epochs num-generations num-return-sequences k generations number",
    "-k": "k ks budgets budget pass-at-k pass-k at-k num-samples samples n",
    "--select": "rules rule selectors selector selection metrics metric methods method strategy "
    "pass@k algorithm",
    "--method": "strategy rule selector select algorithm search policy rules",
    "--temperature": "temp t temperatur",
    "--max-tokens": "max-new-tokens max-gen-tokens max-gen-toks max-completion-tokens "
    "max-output-tokens max-length max-tokens-per-sample num-predict n-predict length tokens",
    "--top-p": "topp nucleus top-probability",
    "--top-k": "topk",
    "--model": "model-name model-id model-path model-args llm engine checkpoint backend alias",
    "--verifier": "verify scorer judge grader scorers score by-verifier metric check verifiers",
    "--scorer": "reward reward-model prm orm",
    "--output": "out output-path output-file output-dir outfile save write o dest file",
    "--system": "system-prompt sys system-message system-instruction instructions s",
    "--template": "prompt-template prompt wrapper",
    "--few-shot": "fewshot few-shots examples fewshots demonstrations",
    "--shots": "num-fewshot n-shots num-shots shot",
    "--seed": "random-seed rng-seed rng random-state",
    "--stop": "stop-sequences stop-sequence stop-words stop-strings until eos",
    "--limit": "max-samples max-problems num-problems first head subset num-examples top",
    "--shuffle": "random randomize randomise",
    "--ids": "problem-ids problems only id task-ids",
    "--pool": "name run-name experiment project into",
    "--thinking": "reasoning reasoning-effort think enable-thinking effort thinking-budget",
    "--schema": "json-schema response-format response-schema json-mode guided-json",
    "--regex": "pattern guided-regex",
    "--grammar": "gbnf guided-grammar",
    "--extra": "extra-body header headers option model-kwargs params extra-params",
    "--jobs": "workers parallel concurrency max-connections threads num-workers max-workers "
    "processes num-concurrent",
    "--fail-under": "threshold min-accuracy min-score fail-below",
    "--junit": "junit-xml junitxml junit-file xml",
    "--json": "as-json output-json json-output js",
    "--db": "database store log-dir data-dir",
    "--config": "config-file settings conf",
    "--quiet": "silent no-progress no-output",
    "--verbose": "debug trace log-level",
    "--map": "mapping columns fields field column rename",
    "--format": "kind type file-type filetype input-format output-format fmt",
    "--skip-bad": "ignore-errors skip-errors skip-invalid lenient",
    "--by": "group-by groupby group category per",
    "--cost": "x x-axis axis costs",
    "--dry-run": "dryrun plan simulate estimate whatif what-if",
    "--yes": "force f assume-yes no-confirm",
    "--md": "markdown to-markdown",
    "--csv": "to-csv",
    "--plot": "graph chart figure png svg image",
    "--ci": "confidence-level alpha conf interval-level level",
    "--compare": "paired versus vs diff",
    "--baseline": "against base",
    "--save-baseline": "write-baseline baseline-out",
    "--assert": "require expect threshold fail-under gate",
    "--sort": "sort-by order order-by",
    "--since": "after newer newer-than from",
    "--each": "batch lines input-file input file from-file dataset",
    "--show": "tree trace show-tree",
    "--keep": "save pool store-as keep-in",
    "--budget": "max-cost cost-limit token-limit max-budget token-budget",
    "--max-time": "timeout time-limit max-seconds time",
    "--i-trust-this-code": "trust unsafe allow-code-execution confirm-run-unsafe-code "
    "trust-remote-code trust-code",
    "--wrong": "incorrect errors failed failures fails mistakes errored",
    "--undecided": "unknown unsure undecidable unjudged",
    "--truncated": "cut cut-off overlong",
    "--diff": "compare versus vs against",
    "--questions": "prompts with-questions with-prompts",
    "--recheck": "rejudge again redo",
    "--raw": "no-chat no-template completion base-model",
    "--raw-output": "no-escape ansi unescaped",
    "--param": "params parameter bind",
    "--nl": "jsonl ndjson lines json-lines",
    "--port": "p",
    "--host": "bind address listen",
    "--open": "browser",
    "--logprobs": "log-probs top-logprobs logprob",
}
