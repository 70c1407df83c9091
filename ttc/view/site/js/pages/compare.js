// Two pools: how far apart they are, and which problems one solves more often than the other.
"use strict";

(() => {
  const { el } = ttc;
  const MOST = 500; // flipped problems on the page at first
  function chooser(route, pools) {
    const options = [["", "choose a pool"], ...pools.map(({ pool }) => [pool, pool])];
    const field = (key, label) =>
      ttc.select(
        label,
        options,
        route[key] ?? "",
        (value) => ttc.route.go({ ...route, [key]: value || null, p: null }),
        { id: `pool-${key}` },
      );
    return el("div", { class: "list-tools" }, [
      field("a", "A"),
      field("b", "B"),
      route.a &&
        route.b &&
        ttc.link({ ...route, a: route.b, b: route.a }, { class: "button" }, "Swap"),
    ]);
  }

  // The rule and the budget by which the pools are compared; an export has one.
  function budget(route, overview, found) {
    const rule = route.rule ?? found.rule ?? "majority";
    const rules = [...new Set([rule, "majority", ...(overview.rules ?? []), "mean"])];
    const field = el("input", {
      type: "number",
      id: "k",
      min: 1,
      max: found.most,
      value: route.k ?? found.k ?? "",
      class: "page-field",
      on: { change: () => ttc.route.go({ ...route, k: field.value || null }) },
    });
    return el("div", { class: "list-tools" }, [
      ttc.select(
        "Rule",
        rules.map((name) => [name, name]),
        rule,
        (value) => ttc.route.go({ ...route, rule: value }),
        { id: "rule" },
      ),
      el("label", { class: "field" }, [
        el("span", {}, "k"),
        field,
        found.most ? el("span", { class: "muted" }, `of ${ttc.count(found.most)}`) : null,
      ]),
    ]);
  }

  const rate = ({ n, correct }) => (n > 0 ? correct / n : null);
  const cell = (side) => [
    el("span", { class: "of" }, [el("b", {}, ttc.count(side.correct)), `/${ttc.count(side.n)}`]),
    ttc.bar(
      [
        ["right", side.correct],
        ["wrong", side.n - side.correct],
      ],
      side.n,
      `${ttc.count(side.correct)} of ${ttc.count(side.n)} correct`,
    ),
  ];

  function flipped(route, found) {
    const heads = [["Problem"], ["A", "num"], ["B", "num"], ["B − A", "num"], ["p", "num"]];
    const rows = found.flipped.slice(0, Number(route.most) || MOST).map((row) => {
      const change =
        rate(row.b) === null || rate(row.a) === null ? null : rate(row.b) - rate(row.a);
      const link = ttc.link(
        { page: "pair", a: route.a, b: route.b, problem: row.problem, verifier: route.verifier },
        { "data-row": row.problem, class: "row-link" },
        ttc.said(row.problem, { most: 80 }),
      );
      return ttc.row(
        [
          [
            "Problem",
            "main-cell",
            [
              link,
              el("span", { class: "question-line" }, ttc.said(row.question, { most: 160 })),
              row.turned &&
                ttc.tag(
                  row.b.vote > row.a.vote ? "the vote turned right" : "the vote turned wrong",
                  row.b.vote > row.a.vote ? "gain" : "warn",
                ),
            ],
          ],
          ["A", "num correct-cell", cell(row.a)],
          ["B", "num correct-cell", cell(row.b)],
          ["B − A", `num ${change > 0 ? "better" : "worse"}`, ttc.signed(change)],
          ["p", "num", ttc.pValue(row.p)],
        ],
        { "data-problem": row.problem },
      );
    });
    const left = found.flipped.length - rows.length;
    return [
      ttc.table("Problems that flipped, smallest p first", heads, rows, "stacked flipped"),
      left > 0 &&
        ttc.button(`Show ${ttc.count(left)} more`, () =>
          ttc.route.replace({ ...route, most: found.flipped.length }),
        ),
    ];
  }

  function only(list, pool, which) {
    const names = Array.isArray(list) ? list : [];
    const count = Array.isArray(list) ? list.length : list;
    if (!(count > 0)) return null;
    const says = [ttc.counted(count, "problem"), ` only in ${which}, `, ttc.said(pool)];
    return names.length === 0
      ? el("p", { class: "muted" }, says)
      : ttc.fold(
          says,
          el(
            "p",
            { class: "tags" },
            names.slice(0, 500).map((one) => ttc.tag(ttc.said(one, { most: 60 }))),
          ),
        );
  }

  ttc.pages.compare = async (route) => {
    const { pools } = await ttc.get("pools");
    const { a, b, verifier, rule, k } = route;
    const trail = [[route, "compare"]];
    const title = a && b ? `${a} and ${b}` : "Compare two pools";
    const head = [
      el("div", { class: "head" }, el("h1", {}, "Compare two pools")),
      chooser(route, pools),
    ];
    const page = (...content) => ({
      title,
      trail,
      node: el("section", { class: "page" }, [head, content]),
      up: { page: "pools" },
    });
    if (pools.length < 2)
      return page(
        ttc.notice(
          "There is one pool here",
          "Comparing takes two: draw another with ttc sample --pool NAME.",
        ),
      );
    if (!a || !b)
      return page(
        ttc.notice(
          "Choose two pools",
          "The difference is paired by problem, as ttc sweep --compare does it.",
        ),
      );
    if (a === b) return page(ttc.notice("These are the same pool", "Choose another for B."));
    await Promise.all([ttc.poolNamed(a), ttc.poolNamed(b)]);
    const overview = await ttc.get("overview", { pool: a });
    const found = await ttc.orReason(ttc.get("compare", { a, b, verifier, rule, k }));
    if (found.reason)
      return page(
        ttc.live && budget(route, overview, {}),
        ttc.notice("These cannot be compared", found.reason),
      );
    const of = [found.rule, ttc.known(found.k) ? `@${found.k}` : ""].join("");
    return page(
      ttc.live && budget(route, overview, found),
      ttc.headline(found),
      el("h2", {}, [
        "Problems that flipped",
        el(
          "span",
          { class: "total", id: "total" },
          ttc.count(found.differing ?? found.flipped.length),
        ),
      ]),
      el("p", { class: "muted" }, [
        "Smallest p first: the exact probability of counts so different if both pools were equally good at the problem.",
        of && [" The difference above is of ", ttc.said(of, { kind: "mono" }), "."],
      ]),
      found.flipped.length === 0
        ? el("div", { class: "empty" }, el("p", {}, "Both pools get the same problems right."))
        : flipped(route, found),
      only(found.only_a, a, "A"),
      only(found.only_b, b, "B"),
      ttc.copyable(ttc.command("sweep", a, b, "--compare")),
    );
  };
})();
