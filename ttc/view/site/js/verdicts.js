// What each verifier says of a draw, a judge's votes and words, and the fields of the draw itself.
"use strict";

(() => {
  const { el } = ttc;

  ttc.verdictBox = (one) => {
    const judge = one.judge ?? {};
    const words = [judge.words ?? []].flat().filter(Boolean);
    const votes = Array.isArray(judge.votes)
      ? judge.votes.map(String).join(", ")
      : judge.votes === null || judge.votes === undefined
        ? null
        : typeof judge.votes === "object"
          ? JSON.stringify(judge.votes)
          : String(judge.votes);
    const status = one.status && one.status !== "ok" ? ttc.tag(one.status, "warn") : null;
    return el("li", { class: "verdict-box", "data-verifier": one.verifier }, [
      el("p", { class: "verdict-line" }, [
        ttc.verdict(one.correct, { words: true }),
        ttc.said(one.verifier, { most: 80, kind: "mono" }),
        status,
      ]),
      ttc.facts([
        [
          "answer",
          one.answer === null || one.answer === undefined
            ? null
            : ttc.said(one.answer, { most: 300, kind: "mono" }),
        ],
        ["score", ttc.known(one.score) ? ttc.short(one.score) : null],
        ["version", one.version ? ttc.said(one.version, { most: 120, kind: "mono" }) : null],
        ["judge's votes", votes === null ? null : ttc.said(votes, { most: 300, kind: "mono" })],
      ]),
      one.detail
        ? ttc.longText(
            typeof one.detail === "string" ? one.detail : JSON.stringify(one.detail, null, 1),
            { label: "Detail" },
          )
        : null,
      words.map((text, at) =>
        ttc.fold(
          words.length > 1 ? `Judge's words ${at + 1}` : "Judge's words",
          ttc.longText(String(text), { label: "Judge's words" }),
          { open: words.length === 1 },
        ),
      ),
    ]);
  };

  const SHOWN = new Set([
    "text",
    "think",
    "answer_text",
    "text_length",
    "verdicts",
    "attempts",
    "problem",
    "index",
    "pool",
    "reference",
    "answer",
    "correct",
    "status",
    "score",
    "from",
  ]);
  const NAMES = {
    completion_tokens: "tokens",
    think_tokens: "of them thinking",
    prompt_tokens: "prompt tokens",
    finish_reason: "finish reason",
    logprob: "log probability",
  };
  const FIRST = [
    "completion_tokens",
    "think_tokens",
    "prompt_tokens",
    "finish_reason",
    "seed",
    "seconds",
    "logprob",
  ];

  ttc.drawFields = (draw) => {
    const rest = Object.keys(draw).filter((name) => !SHOWN.has(name) && !FIRST.includes(name));
    const small = (value) => typeof value !== "object" || value === null;
    const value = (name) => {
      if (ttc.known(draw[name]) && name !== "seed")
        return Number.isInteger(draw[name]) ? ttc.count(draw[name]) : String(draw[name]);
      return ttc.said(draw[name], { most: 400, kind: "mono" });
    };
    const pair = (name) => [
      NAMES[name] ?? ttc.signs(name),
      draw[name] === null ? null : value(name),
      { "data-field": name },
    ];
    const folded = [
      ...rest.filter((name) => small(draw[name])),
      ...rest.filter((name) => !small(draw[name])),
    ];
    return [
      ttc.facts(FIRST.filter((name) => name in draw).map(pair)),
      folded.length > 0 && ttc.fold("All fields", ttc.facts(folded.map(pair), "settings")),
    ];
  };
})();
