// What each verifier says of a draw, a judge's votes and words, and the fields of the draw itself.
"use strict";

(() => {
  const { el } = ttc;

  const SHORT = 1200; // characters of a judge's words that are shown unfolded
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));
  const there = (value) => value !== null && value !== undefined;
  const mono = (value, most = 300) =>
    there(value) ? ttc.said(value, { most, kind: "mono" }) : null;

  // A judge's votes, each with the words that led to it.
  function ballots({ votes = [], words = [] }) {
    const cast = [votes ?? []].flat();
    const said = [words ?? []].flat();
    const open = said.reduce((sum, one) => sum + String(one ?? "").length, 0) <= SHORT;
    return Array.from({ length: Math.max(cast.length, said.length) }, (_, at) => {
      const vote = there(cast[at]) ? String(cast[at]) : "none";
      const name = ["Judge's vote ", el("b", {}, ttc.said(vote))];
      if (!said[at]) return el("p", { class: "muted" }, name);
      return ttc.fold(name, ttc.longText(text(said[at]), { label: "Judge's words" }), { open });
    });
  }

  ttc.verdictBox = (one, verifier) => {
    const status = one.status && one.status !== "ok" ? ttc.tag(ttc.said(one.status), "warn") : null;
    return el("li", { class: "verdict-box", "data-verifier": one.verifier }, [
      el("p", { class: "verdict-line" }, [
        ttc.verdict(one.correct, { words: true }),
        mono(one.label ?? one.verifier, 80),
        status,
        (one.label ?? one.verifier) === verifier &&
          ttc.tag("counts", "quiet", "the verifier chosen on this page"),
      ]),
      ttc.facts([
        ["answer", mono(one.answer)],
        ["score", mono(there(one.score) ? String(one.score) : null)],
        ["version", mono(one.version, 120)],
      ]),
      one.detail ? ttc.longText(text(one.detail), { label: "Detail" }) : null,
      ballots(one.judge ?? {}),
    ]);
  };

  // Attempts at a draw that failed or were cancelled, of which the store keeps the reason.
  ttc.attempts = (attempts, route = null) =>
    el(
      "ul",
      { class: "attempts" },
      attempts.map((one) => {
        const { pool, problem, verifier } = route ?? {};
        const to = { page: "draw", pool, problem, index: one.index, verifier };
        const name = `#${one.index}`;
        return el("li", {}, [
          route ? ttc.link(to, {}, name) : el("span", { class: "muted" }, name),
          ttc.tag(ttc.said(one.status), one.status === "error" ? "warn" : "quiet"),
          one.finished_since && el("span", { class: "muted" }, "finished since"),
          ttc.known(one.completion_tokens) &&
            el("span", { class: "muted" }, ttc.counted(one.completion_tokens, "token")),
          there(one.detail) && ttc.said(one.detail, { most: 600 }),
          !route && one.text && ttc.longText(one.text, { label: "Text of the attempt" }),
        ]);
      }),
    );

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
    "next",
    "think_open",
    "detail",
    "finished_since",
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
