"""The tables, and the migrations that create them.

    pools ─┬─ problems ── requests ── samples ── verdicts ── votes
           └─ runs             └──── attempts

A request is one distribution to draw from (a prompt × everything in the key); all pools with that
request share its samples. Samples are immutable, which a trigger enforces. A draw that failed or
was cancelled is an attempt, never a sample. Prompts and references have their own tables, and a
verdict names the reference it was made with. Votes belong to a judge's verdict.

Migrations are appended, never edited. Each takes the file from version i to i + 1.
"""

from __future__ import annotations

from ttc.store.migrations.counts import COUNTS
from ttc.store.migrations.views import VIEWS

APPLICATION_ID = 0x74746331  # "ttc1": marks the file as a ttc store

_M001 = """
CREATE TABLE prompts (
  id TEXT PRIMARY KEY,
  content TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  prompt_id TEXT NOT NULL REFERENCES prompts(id),
  model TEXT NOT NULL,
  identity TEXT NOT NULL
);
CREATE INDEX requests_prompt ON requests(prompt_id);

CREATE TABLE pools (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  base TEXT NOT NULL,
  model TEXT NOT NULL,
  identity TEXT NOT NULL,
  created TEXT NOT NULL,
  UNIQUE (base, identity)
);

CREATE TABLE refs (
  id TEXT PRIMARY KEY,
  content TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE problems (
  id INTEGER PRIMARY KEY,
  pool_id INTEGER NOT NULL REFERENCES pools(id),
  name TEXT NOT NULL,
  request_id INTEGER NOT NULL REFERENCES requests(id),
  reference_id TEXT NOT NULL REFERENCES refs(id),
  UNIQUE (pool_id, name)
);
CREATE INDEX problems_request ON problems(request_id);

CREATE TABLE samples (
  id INTEGER PRIMARY KEY,
  request_id INTEGER NOT NULL REFERENCES requests(id),
  draw INTEGER NOT NULL,
  parent_id INTEGER REFERENCES samples(id),
  text TEXT NOT NULL,
  finish_reason TEXT NOT NULL CHECK (finish_reason IN ('stop', 'length')),
  stop TEXT,
  prompt_tokens INTEGER,
  cached_tokens INTEGER,
  completion_tokens INTEGER,
  logprob REAL,
  seed INTEGER,
  seconds REAL,
  first_token_seconds REAL,
  created TEXT NOT NULL,
  UNIQUE (request_id, draw)
);
CREATE TRIGGER samples_are_immutable BEFORE UPDATE ON samples
BEGIN SELECT RAISE(ABORT, 'samples are immutable'); END;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  request_id INTEGER NOT NULL REFERENCES requests(id),
  draw INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('error', 'cancelled')),
  detail TEXT,
  text TEXT NOT NULL,
  prompt_tokens INTEGER,
  completion_tokens INTEGER,
  logprob REAL,
  seconds REAL,
  created TEXT NOT NULL
);
CREATE INDEX attempts_request ON attempts(request_id, draw);

CREATE TABLE verifiers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  config TEXT NOT NULL,
  UNIQUE (name, version, config)
);

CREATE TABLE verdicts (
  sample_id INTEGER NOT NULL REFERENCES samples(id),
  verifier_id INTEGER NOT NULL REFERENCES verifiers(id),
  reference_id TEXT NOT NULL REFERENCES refs(id),
  answer TEXT,
  correct INTEGER CHECK (correct IN (0, 1)),
  score REAL,
  status TEXT NOT NULL,
  detail TEXT NOT NULL,
  created TEXT NOT NULL,
  PRIMARY KEY (sample_id, verifier_id, reference_id)
) WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  pool_id INTEGER NOT NULL REFERENCES pools(id),
  command TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process TEXT NOT NULL,
  started TEXT NOT NULL,
  ended TEXT
);
"""

_M002 = """
ALTER TABLE verdicts ADD COLUMN tokens INTEGER;

CREATE TABLE votes (
  sample_id INTEGER NOT NULL REFERENCES samples(id),
  verifier_id INTEGER NOT NULL REFERENCES verifiers(id),
  reference_id TEXT NOT NULL REFERENCES refs(id),
  position INTEGER NOT NULL,
  value REAL CHECK (value BETWEEN 0 AND 1),
  text TEXT NOT NULL,
  prompt_tokens INTEGER,
  completion_tokens INTEGER,
  PRIMARY KEY (sample_id, verifier_id, reference_id, position)
) WITHOUT ROWID;
"""

# Little-endian four-byte floats, one per token.
_M003 = """
ALTER TABLE samples ADD COLUMN confidences BLOB;
"""

# How many draws a run was to leave in the pool, and how many were missing when it ended.
_M004 = """
ALTER TABLE runs ADD COLUMN asked INTEGER;
ALTER TABLE runs ADD COLUMN lacking INTEGER;
"""

# Tags of problems: an object of texts by name, as canonical JSON.
_M005 = """
ALTER TABLE problems ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
"""

# Whether a verifier reads references: 1, 0, or NULL if it may. Of earlier verdicts it is known for
# the verifiers of ttc itself, by their names and options.
_M006 = """
ALTER TABLE verifiers ADD COLUMN reads_reference INTEGER CHECK (reads_reference IN (0, 1));

UPDATE verifiers SET reads_reference = 1
WHERE name IN ('choice', 'constraint', 'exact', 'math', 'numeric', 'python');

UPDATE verifiers SET reads_reference = 0
WHERE name IN ('confidence', 'regex', 'rm', 'schema', 'self-eval');

UPDATE verifiers SET reads_reference = json_extract(config, '$.reference') = 'yes'
WHERE name IN ('cot-pot', 'genrm', 'judge', 'pairwise');
"""

# What is known of models, by the fingerprint of their weights.
_M007 = """
CREATE TABLE models (
  fingerprint TEXT PRIMARY KEY,
  content TEXT NOT NULL
) WITHOUT ROWID;
"""

# The generated tokens that belong to thoughts. Of earlier draws they are unknown.
_M008 = """
ALTER TABLE samples ADD COLUMN think_tokens INTEGER;
ALTER TABLE attempts ADD COLUMN think_tokens INTEGER;
"""

# Which draw of which log an imported sample is; NULL for one that was drawn here.
_M009 = """
ALTER TABLE samples ADD COLUMN origin TEXT;
"""

# Counts that are kept, and views for people. `dropped` is the name of the pool that a run was to
# draw into, if that stayed empty and was removed: the run is then one of another pool of its base.
_M010 = COUNTS + VIEWS + "\nALTER TABLE runs ADD COLUMN dropped TEXT;\n"

# The likeliest tokens at each place of a sample, compressed; they go with it.
_M011 = """
CREATE TABLE token_logprobs (
  sample_id INTEGER PRIMARY KEY REFERENCES samples(id),
  content BLOB NOT NULL
);
CREATE TRIGGER token_logprobs_go AFTER DELETE ON samples
BEGIN DELETE FROM token_logprobs WHERE sample_id = OLD.id; END;
"""

MIGRATIONS: tuple[str, ...] = (
    *(_M001, _M002, _M003, _M004, _M005),
    *(_M006, _M007, _M008, _M009, _M010, _M011),
)


def statements(script: str) -> list[str]:
    """Split a migration into statements, since executescript would commit the transaction."""
    import sqlite3

    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending.strip())
            pending = ""
    return found
