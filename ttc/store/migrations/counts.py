"""The migration that keeps counts: of the samples of a request, their verdicts and their text.

Triggers keep them in the transaction that writes or deletes the rows, so they are exact under
concurrent writers. They hold for statements that do not replace rows: `INSERT OR REPLACE` deletes
without a trigger in most builds of SQLite, so verdicts are replaced by `ON CONFLICT DO UPDATE`.
`ttc.store.counts` reads them and checks them.
"""

from __future__ import annotations

COUNTS = """
CREATE TABLE request_counts (
  request_id INTEGER PRIMARY KEY REFERENCES requests(id),
  samples INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  uncounted INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE verdict_counts (
  request_id INTEGER NOT NULL REFERENCES requests(id),
  reference_id TEXT NOT NULL REFERENCES refs(id),
  verifier_id INTEGER NOT NULL REFERENCES verifiers(id),
  verdicts INTEGER NOT NULL,
  PRIMARY KEY (request_id, reference_id, verifier_id)
) WITHOUT ROWID;

INSERT INTO request_counts
SELECT request_id, count(*), sum(finish_reason = 'length'), coalesce(sum(completion_tokens), 0),
  sum(completion_tokens IS NULL),
  sum(length(CAST(text AS BLOB)) + coalesce(length(confidences), 0))
FROM samples GROUP BY request_id;

INSERT INTO verdict_counts
SELECT request_id, reference_id, verifier_id, count(*)
FROM verdicts JOIN samples ON samples.id = sample_id
GROUP BY request_id, reference_id, verifier_id;

CREATE TRIGGER samples_are_counted AFTER INSERT ON samples
BEGIN
  INSERT INTO request_counts VALUES (
    NEW.request_id, 1, NEW.finish_reason = 'length', coalesce(NEW.completion_tokens, 0),
    NEW.completion_tokens IS NULL,
    length(CAST(NEW.text AS BLOB)) + coalesce(length(NEW.confidences), 0)
  )
  ON CONFLICT (request_id) DO UPDATE SET samples = samples + 1,
    truncated = truncated + excluded.truncated, tokens = tokens + excluded.tokens,
    uncounted = uncounted + excluded.uncounted, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER samples_are_discounted AFTER DELETE ON samples
BEGIN
  UPDATE request_counts SET samples = samples - 1,
    truncated = truncated - (OLD.finish_reason = 'length'),
    tokens = tokens - coalesce(OLD.completion_tokens, 0),
    uncounted = uncounted - (OLD.completion_tokens IS NULL),
    bytes = bytes - length(CAST(OLD.text AS BLOB)) - coalesce(length(OLD.confidences), 0)
  WHERE request_id = OLD.request_id;
END;

CREATE TRIGGER verdicts_are_counted AFTER INSERT ON verdicts
BEGIN
  INSERT INTO verdict_counts
  VALUES ((SELECT request_id FROM samples WHERE id = NEW.sample_id), NEW.reference_id,
    NEW.verifier_id, 1)
  ON CONFLICT (request_id, reference_id, verifier_id) DO UPDATE SET verdicts = verdicts + 1;
END;

CREATE TRIGGER verdicts_are_discounted AFTER DELETE ON verdicts
BEGIN
  UPDATE verdict_counts SET verdicts = verdicts - 1
  WHERE request_id = (SELECT request_id FROM samples WHERE id = OLD.sample_id)
    AND reference_id = OLD.reference_id AND verifier_id = OLD.verifier_id;
END;

CREATE INDEX samples_parent ON samples(parent_id) WHERE parent_id IS NOT NULL;
"""
