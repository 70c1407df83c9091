"""The migration that adds views for people: JSON is made readable, and unknown values stay NULL.

    draws         one row a draw and verifier: question, reference, answer, text
    curves_input  what `ttc sweep` reads of a pool, with the names of JSON lines
    spending      draws, attempts, tokens and seconds by pool, model and day

A filter by pool reads that pool only. A draw that no verifier has judged is one row with NULL for
its verdict. A sample that several pools share is in each of them.
"""

from __future__ import annotations

NAMES = ("draws", "curves_input", "spending")
# Not a verdict where a later version of the verifier, with the same options, has one.
_LATEST = """ AND NOT EXISTS (
      SELECT 1 FROM verifiers AS own JOIN verifiers AS later
        ON later.name = own.name AND later.config = own.config AND later.id > own.id
      JOIN verdicts AS newer ON newer.sample_id = verdicts.sample_id
        AND newer.verifier_id = later.id AND newer.reference_id = verdicts.reference_id
      WHERE own.id = verdicts.verifier_id)"""
VIEWS = f"""
-- Datasette shows the `name` or `title` of the row that a foreign key refers to.
ALTER TABLE requests ADD COLUMN title TEXT GENERATED ALWAYS AS (model) VIRTUAL;

CREATE VIEW draws AS
SELECT pools.name AS pool, problems.name AS problem, samples.draw AS draw,
  coalesce(json_extract(prompts.content, '$.prompt'),
    json_extract(prompts.content, '$.messages[#-1].content')) AS question,
  coalesce(json_extract(refs.content, '$.answer'), nullif(refs.content, '{{}}')) AS reference,
  verdicts.answer AS answer, verdicts.correct AS correct, verdicts.score AS score,
  verifiers.name AS verifier, samples.completion_tokens AS tokens,
  samples.think_tokens AS think_tokens, samples.seconds AS seconds, samples.text AS text
FROM pools JOIN problems ON problems.pool_id = pools.id
  JOIN requests ON requests.id = problems.request_id
  JOIN prompts ON prompts.id = requests.prompt_id
  JOIN refs ON refs.id = problems.reference_id
  JOIN samples ON samples.request_id = problems.request_id
  LEFT JOIN verdicts ON verdicts.sample_id = samples.id
    AND verdicts.reference_id = problems.reference_id{_LATEST}
  LEFT JOIN verifiers ON verifiers.id = verdicts.verifier_id;

CREATE VIEW curves_input AS
SELECT pools.name AS pool, problems.name AS problem, samples.draw AS "index",
  verifiers.name AS verifier, verdicts.status AS status, verdicts.answer AS answer,
  verdicts.correct AS correct, verdicts.score AS score, samples.logprob AS logprob,
  samples.prompt_tokens AS prompt_tokens, samples.completion_tokens AS completion_tokens,
  samples.think_tokens AS think_tokens, verdicts.tokens AS verifier_tokens,
  samples.finish_reason AS finish_reason, samples.seconds AS seconds
FROM pools JOIN problems ON problems.pool_id = pools.id
  JOIN samples ON samples.request_id = problems.request_id
  LEFT JOIN verdicts ON verdicts.sample_id = samples.id
    AND verdicts.reference_id = problems.reference_id{_LATEST}
  LEFT JOIN verifiers ON verifiers.id = verdicts.verifier_id;

CREATE VIEW spending AS
SELECT pools.name AS pool, pools.model AS model, json_extract(days.value, '$[0]') AS day,
  json_extract(days.value, '$[1]') AS draws, json_extract(days.value, '$[2]') AS attempts,
  json_extract(days.value, '$[3]') AS uncounted,
  json_extract(days.value, '$[4]') AS prompt_tokens,
  json_extract(days.value, '$[5]') AS completion_tokens,
  json_extract(days.value, '$[6]') AS think_tokens,
  json_extract(days.value, '$[7]') AS verifier_tokens,
  json_extract(days.value, '$[8]') AS seconds
FROM pools CROSS JOIN json_each((
  SELECT json_group_array(json_array(day, draws, attempts, uncounted, prompt_tokens,
    completion_tokens, think_tokens, verifier_tokens, seconds))
  FROM (
    SELECT day, sum(draw) AS draws, sum(attempt) AS attempts, sum(uncounted) AS uncounted,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(think_tokens) AS think_tokens, sum(verifier_tokens) AS verifier_tokens,
      sum(seconds) AS seconds
    FROM (
      SELECT substr(samples.created, 1, 10) AS day, 1 AS draw, 0 AS attempt,
        samples.completion_tokens IS NULL AS uncounted,
        samples.prompt_tokens AS prompt_tokens, samples.completion_tokens AS completion_tokens,
        samples.think_tokens AS think_tokens, NULL AS verifier_tokens,
        samples.seconds AS seconds
      FROM problems JOIN samples ON samples.request_id = problems.request_id
      WHERE problems.pool_id = pools.id
        AND problems.id = (SELECT min(twins.id) FROM problems AS twins
          WHERE twins.request_id = problems.request_id AND twins.pool_id = pools.id)
      UNION ALL
      SELECT substr(attempts.created, 1, 10), 0, 1, attempts.completion_tokens IS NULL,
        attempts.prompt_tokens, attempts.completion_tokens, attempts.think_tokens, NULL,
        attempts.seconds
      FROM problems JOIN attempts ON attempts.request_id = problems.request_id
      WHERE problems.pool_id = pools.id
        AND problems.id = (SELECT min(twins.id) FROM problems AS twins
          WHERE twins.request_id = problems.request_id AND twins.pool_id = pools.id)
      UNION ALL
      SELECT substr(verdicts.created, 1, 10), 0, 0, 0, NULL, NULL, NULL,
        verdicts.tokens, NULL
      FROM problems JOIN samples ON samples.request_id = problems.request_id
        JOIN verdicts ON verdicts.sample_id = samples.id
          AND verdicts.reference_id = problems.reference_id
      WHERE problems.pool_id = pools.id AND verdicts.tokens IS NOT NULL
    )
    GROUP BY day ORDER BY day
  )
)) AS days;
"""
