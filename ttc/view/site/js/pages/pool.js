// A pool: how its draws fared, what was noticed, its problems and its draws to filter and search.
"use strict";

(() => {
  const { el } = ttc;

  ttc.poolTrail = (route, ...rest) => [
    [{ page: "pool", pool: route.pool, verifier: route.verifier }, route.pool],
    ...rest,
  ];

  // The verifier whose verdicts count on this page.
  ttc.verifierField = (route, overview) => {
    const all = overview.verifiers ?? [];
    if (all.length === 0) return null;
    const options = all.map((one) =>
      typeof one === "string" ? [one, one] : [one.label, one.label],
    );
    if (options.length === 1) {
      return el("span", { class: "field" }, [
        el("span", {}, "Verifier"),
        ttc.said(options[0][0], { most: 60, kind: "mono" }),
      ]);
    }
    return ttc.select(
      "Verifier",
      options,
      overview.verifier,
      (verifier) => ttc.route.go({ ...route, verifier, p: null, at: null }),
      { id: "verifier" },
    );
  };

  ttc.tabs = (route, overview) => {
    const base = { page: "pool", pool: route.pool, verifier: route.verifier };
    const now = route.page === "curves" ? "curves" : (route.tab ?? "problems");
    const carried = { filter: route.filter, search: route.search };
    const tab = (name, label, to) =>
      ttc.link(
        to,
        { class: "tab", "aria-current": now === name ? "page" : null, "data-tab": name },
        label,
      );
    return el("nav", { class: "tabs", "aria-label": "Parts of this pool" }, [
      tab("problems", "Problems", { ...base, ...carried }),
      tab("draws", "Draws", { ...base, ...carried, tab: "draws" }),
      tab("curves", "Curves", { ...base, page: "curves" }),
    ]);
  };

  function fared(counts) {
    const judged = (counts.correct ?? 0) + (counts.wrong ?? 0);
    if (judged === 0) {
      return el(
        "p",
        { class: "fared-none" },
        "No verifier has judged these draws: ttc verify does.",
      );
    }
    const parts = [
      ["right", counts.correct],
      ["wrong", counts.wrong],
      ["open", counts.undecided],
    ];
    const label = `${ttc.count(counts.correct)} correct, ${ttc.count(counts.wrong)} wrong, ${ttc.count(counts.undecided)} undecided`;
    return el("div", { class: "fared" }, [
      ttc.bar(parts, counts.draws, label, "thick"),
      el("p", { class: "fared-words" }, [
        el("b", { class: "big" }, ttc.percent(counts.correct / judged)),
        ` correct of ${ttc.counted(judged, "judged draw")}`,
        counts.undecided > 0 &&
          el("span", { class: "muted" }, `, ${ttc.count(counts.undecided)} undecided`),
      ]),
    ]);
  }

  ttc.poolHead = (route, overview, pool) =>
    el("div", { class: "head" }, [
      el("div", { class: "head-line" }, [
        el("h1", {}, ttc.said(route.pool, { most: 120 })),
        el("div", { class: "head-tools" }, [
          ttc.verifierField(route, overview),
          ttc.link({ page: "compare", a: route.pool }, { class: "button" }, "Compare with…"),
        ]),
      ]),
      el("p", { class: "sub" }, [
        ttc.said(pool.model, { most: 120 }),
        " · ",
        ttc.counted(pool.problems, "problem"),
        " · ",
        ttc.counted(overview.counts.draws, "draw"),
      ]),
    ]);

  ttc.poolAbout = (overview) => {
    const notes = overview.notes ?? [];
    const settings = Object.entries(overview.settings ?? {});
    return el("div", { class: "about" }, [
      notes.length > 0 &&
        el(
          "ul",
          { class: "notes", "aria-label": "Notes" },
          notes.map((note) => el("li", {}, ttc.said(note, { most: 600 }))),
        ),
      settings.length > 0 &&
        ttc.fold(
          "Settings",
          ttc.facts(
            settings.map(([name, value]) => [ttc.signs(name), ttc.setting(value)]),
            "settings",
          ),
        ),
    ]);
  };

  ttc.pages.pool = async (route) => {
    const pool = await ttc.poolNamed(route.pool);
    const kind = route.tab === "draws" ? "draws" : "problems";
    const { pool: name, verifier, filter, search, sort } = route;
    const asked = {
      pool: name,
      verifier,
      filter,
      search,
      sort,
      page: Number(route.p ?? 0),
      size: ttc.PAGE,
    };
    const [overview, found] = await Promise.all([
      ttc.get("overview", { pool: name, verifier }),
      ttc.get(kind, asked),
    ]);
    const what = kind === "draws" ? "draw" : "problem";
    const table = kind === "draws" ? ttc.drawsTable : ttc.problemsTable;
    const list =
      found.rows.length === 0
        ? ttc.nothing(route, `${what}s`)
        : [
            table(found, route),
            found.total > ttc.PAGE && ttc.pager(route, found.page, found.total),
          ];
    const node = el("section", { class: "page" }, [
      ttc.poolHead(route, overview, pool),
      fared(overview.counts),
      ttc.poolAbout(overview),
      ttc.tabs(route, overview),
      el("div", { class: "list-tools" }, [
        ttc.searchField(route, kind === "draws" ? "Search the texts" : "Search ids and questions"),
        ttc.sortField(route, kind),
        el("span", { class: "total", id: "total" }, ttc.counted(found.total, what)),
      ]),
      ttc.chips(route, kind, overview, found),
      list,
    ]);
    const trail = ttc.poolTrail(route);
    const keys = { w: "wrong", u: "undecided", t: "truncated", d: "disagree" };
    const act = (key) => keys[key] && ttc.toggleFacet(route, keys[key]);
    return {
      title: route.pool,
      trail,
      node,
      act,
      up: { page: "pools" },
      says: ttc.counted(found.total, what),
    };
  };
})();
