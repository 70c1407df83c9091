// Draws side by side, as cards; a card asks for its text when it comes near the screen.
"use strict";

(() => {
  const { el } = ttc;
  const COLUMNS = ["2", "3", "4"];
  ttc.COLUMNS = COLUMNS;
  const OF_A_CARD = 3000; // characters of a text on a card

  function card(route, row, at) {
    const to = {
      page: "draw",
      pool: route.pool,
      problem: route.problem,
      index: row.index,
      verifier: route.verifier,
      filter: route.draws,
      within: 1,
      at,
    };
    const body = el("div", {
      class: "card-body",
      tabindex: "0",
      role: "group",
      "aria-label": "Text",
    });
    const kind = { true: "right", false: "wrong" }[String(row.correct)] ?? "open";
    const node = el(
      "article",
      {
        class: `card ${kind}`,
        "data-draw": `${row.problem}#${row.index}`,
        "data-correct": String(row.correct),
      },
      [
        ttc.link(to, { class: "card-head", "data-row": `${row.problem}#${row.index}` }, [
          ttc.verdict(row.correct),
          el("span", { class: "muted" }, `#${row.index}`),
          row.answer === null || row.answer === ""
            ? el("span", { class: "muted" }, "no answer")
            : ttc.said(row.answer, { most: 60, kind: "mono answer" }),
        ]),
        body,
        el("p", { class: "card-foot" }, [
          ttc.tokens(row),
          " tokens",
          row.finish_reason === "stop" ? null : ttc.finish(row.finish_reason),
          others(row),
          row.score !== null &&
            ![0, 1].includes(row.score) &&
            el("span", {}, `score ${ttc.short(row.score)}`),
        ]),
      ],
    );
    return { node, body, show: () => cardText(route, row, body) };
  }

  // What the verifiers say, where there are several of them.
  function others(row) {
    const said = Object.entries(row.verdicts ?? {});
    if (said.length < 2) return null;
    return el(
      "span",
      { class: "verdicts" },
      said.map(([label, correct]) => el("span", { title: ttc.signs(label) }, ttc.verdict(correct))),
    );
  }

  async function cardText(route, row, body) {
    try {
      const draw = await ttc.get("draw", {
        pool: route.pool,
        problem: row.problem,
        index: row.index,
      });
      const text =
        draw.think && draw.answer_text ? draw.answer_text.replace(/^\s*\n/, "") : (draw.text ?? "");
      const end = route.ends !== "first";
      const cut = end ? text.slice(-OF_A_CARD) : text.slice(0, OF_A_CARD);
      const left = text.length > cut.length ? el("span", { class: "muted" }, "…") : null;
      const shown = ttc.nodes(cut.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, ""));
      ttc.fill(body, end ? [left, shown] : [shown, left]);
      if (text === "") ttc.fill(body, el("span", { class: "muted" }, "(empty)"));
      if (end) body.scrollTop = body.scrollHeight;
    } catch (error) {
      ttc.fill(body, el("span", { class: "muted" }, error.message));
    }
  }

  ttc.cards = (route, rows, start = 0) => {
    const made = rows.map((row, index) => card(route, row, start + index));
    const shows = new Map(made.map(({ node, show }) => [node, show]));
    const watcher = new IntersectionObserver(
      (entries) => {
        for (const entry of entries.filter((one) => one.isIntersecting)) {
          watcher.unobserve(entry.target);
          shows.get(entry.target)();
        }
      },
      { rootMargin: "600px" },
    );
    made.forEach(({ node }) => watcher.observe(node));
    return el(
      "div",
      { class: `cards cards-${COLUMNS.includes(route.cols) ? route.cols : "3"}` },
      made.map(({ node }) => node),
    );
  };

  ttc.cardTools = (route) => {
    const columns = COLUMNS.map((count) =>
      ttc.button(count, () => ttc.route.replace({ ...route, cols: count }), {
        class: "button small",
        "aria-pressed": String((route.cols ?? "3") === count),
        "aria-label": `${count} columns`,
        "data-cols": count,
      }),
    );
    return el("div", { class: "card-tools" }, [
      ttc.select(
        "Cards show",
        [
          ["last", "the end"],
          ["first", "the beginning"],
        ],
        route.ends ?? "last",
        (ends) => ttc.route.replace({ ...route, ends: ends === "last" ? null : ends }),
      ),
      el("span", { class: "field columns", role: "group", "aria-label": "Columns" }, [
        el("span", {}, "Columns"),
        columns,
      ]),
    ]);
  };
})();
