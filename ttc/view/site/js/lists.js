// Tables of problems and of draws; a row leads to its page and remembers the list it came from.
"use strict";

(() => {
  const { el } = ttc;

  ttc.table = (caption, heads, rows, kind = "") =>
    el(
      "div",
      { class: `table-box ${kind}` },
      el("table", {}, [
        el("caption", { class: "sr-only" }, caption),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            heads.map(([name, cell]) => el("th", { scope: "col", class: cell ?? "" }, name)),
          ),
        ),
        el("tbody", {}, rows),
      ]),
    );

  // A row of cells [name, class, content]; a click anywhere follows its link.
  ttc.row = (cells, attributes = {}) => {
    const row = el(
      "tr",
      attributes,
      cells.map(([name, kind, content]) =>
        el("td", { class: kind ?? "", "data-label": name }, content),
      ),
    );
    row.addEventListener("click", (event) => {
      if (event.target.closest("a, button, input, summary") || String(getSelection())) return;
      row.querySelector("a[data-row]")?.click();
    });
    return row;
  };

  function vote(row) {
    if (!row.vote || row.vote.answer === undefined) return el("span", { class: "muted" }, "–");
    const { answer, votes, of, correct } = row.vote;
    return el("span", { class: "vote-cell" }, [
      ttc.verdict(correct),
      " ",
      ttc.said(answer, { most: 40, kind: "mono" }),
      el("span", { class: "muted" }, ` ${ttc.count(votes)}/${ttc.count(of)}`),
    ]);
  }

  function correct(row) {
    // Without a verdict it is unknown how many are correct; that is not none.
    const judged = row.correct + row.wrong + row.undecided > 0;
    if (!judged) return el("span", { class: "muted" }, `–/${ttc.count(row.draws)}`);
    return [
      el("span", { class: "of" }, [
        el("b", {}, ttc.count(row.correct)),
        `/${ttc.count(row.draws)}`,
      ]),
      ttc.correctBar(row),
    ];
  }

  // Where a problem of the list opens: with the filter, so that its wrong draws come first.
  ttc.problemLink = (route, row, at) => ({
    page: "problem",
    pool: route.pool,
    problem: row.problem,
    verifier: route.verifier,
    filter: route.filter,
    search: route.search,
    sort: route.sort,
    at,
    draws: ttc.route.filter(ttc.drawFacets(route.filter)),
  });

  ttc.problemsTable = (found, route) => {
    const start = found.page * ttc.PAGE;
    const heads = [["Problem"], ["Correct", "num"], ["Vote"], ["Reference"], ["Noticed", "wide"]];
    const rows = found.rows.map((row, index) => {
      const to = ttc.problemLink(route, row, start + index);
      const name = ttc.link(
        to,
        { "data-row": row.problem, class: "row-link" },
        ttc.said(row.problem, { most: 80, search: route.search }),
      );
      const question = el(
        "span",
        { class: "question-line" },
        ttc.said(row.question, { most: 160, search: route.search }),
      );
      const noticed = [ttc.flags(row), ttc.groupTags(row.groups)];
      return ttc.row(
        [
          ["Problem", "main-cell", [name, question]],
          ["Correct", "num correct-cell", correct(row)],
          ["Vote", "", vote(row)],
          ["Reference", "", ttc.said(ttc.reference(row.reference), { most: 40, kind: "mono" })],
          ["Noticed", "tags", noticed],
        ],
        { "data-problem": row.problem },
      );
    });
    return ttc.table("Problems", heads, rows, "stacked problems");
  };

  ttc.drawLink = (route, row, at) => ({
    page: "draw",
    pool: route.pool,
    problem: row.problem,
    index: row.index,
    verifier: route.verifier,
    filter: route.filter,
    search: route.search,
    sort: route.sort,
    within: route.within,
    at,
  });

  ttc.tokens = (row) => [
    ttc.count(row.completion_tokens),
    row.think_tokens > 0 &&
      el("span", { class: "muted" }, ` (${ttc.count(row.think_tokens)} thinking)`),
  ];

  ttc.drawsTable = (found, route) => {
    const start = found.page * ttc.PAGE;
    const scored = found.rows.some((row) => row.score !== null && ![0, 1].includes(row.score));
    const heads = [["Draw"], ["Answer"], ["Text", "wide"], ["Tokens", "num"], ["Finish"]];
    if (scored) heads.splice(3, 0, ["Score", "num"]);
    const rows = found.rows.map((row, index) => {
      const name = ttc.link(
        ttc.drawLink(route, row, start + index),
        {
          "data-row": `${row.problem}#${row.index}`,
          class: "row-link",
        },
        [
          ttc.verdict(row.correct),
          " ",
          ttc.said(row.problem, { most: 60 }),
          el("span", { class: "muted" }, ` #${row.index}`),
        ],
      );
      const cells = [
        ["Draw", "draw-cell", name],
        [
          "Answer",
          "answer-cell",
          row.answer === null || row.answer === ""
            ? el("span", { class: "muted" }, "none")
            : ttc.said(row.answer, { most: 60, kind: "mono" }),
        ],
        [
          "Text",
          "excerpt",
          [
            row.detail && ttc.said(row.detail, { most: 300 }),
            (row.excerpt || !row.detail) &&
              ttc.said(row.excerpt, { most: 300, search: route.search }),
            row.matches > 1 && ttc.tag(ttc.counted(row.matches, "hit"), "quiet"),
          ],
        ],
        ["Tokens", "num", ttc.tokens(row)],
        ["Finish", "", ttc.finish(row.finish_reason)],
      ];
      if (scored) cells.splice(3, 0, ["Score", "num", ttc.short(row.score)]);
      return ttc.row(cells, {
        "data-draw": `${row.problem}#${row.index}`,
        "data-correct": String(row.correct),
      });
    });
    return ttc.table("Draws", heads, rows, "stacked draws");
  };

  ttc.nothing = (route, what) => {
    const filtered = route.filter || route.search;
    return el("div", { class: "empty" }, [
      el(
        "p",
        {},
        filtered ? `No ${what} match these filters.` : `There are no ${what} in this pool.`,
      ),
      filtered &&
        ttc.link(
          { ...route, filter: null, search: null, p: null },
          { class: "button" },
          "Clear filters and search",
        ),
    ]);
  };
})();
