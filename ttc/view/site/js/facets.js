// The chips, the search and the order above a list. Each is part of the URL, so a link keeps it.
"use strict";

(() => {
  const { el } = ttc;
  const MOST_CHIPS = 6; // values of a group as chips; more become a menu

  const LABELS = {
    correct: ["Correct", "right"],
    wrong: ["Wrong", "wrong"],
    undecided: ["Undecided", "open"],
    truncated: ["Truncated", ""],
    "no-answer": ["No answer", ""],
    disagree: ["Verifiers disagree", ""],
    cancelled: ["Cancelled", ""],
    "vote-right": ["Vote right", "right"],
    "vote-wrong": ["Vote wrong", "wrong"],
    "vote-tied": ["Vote tied", "open"],
    unjudged: ["Not judged", ""],
    failed: ["Failed", ""],
  };
  const OF_DRAWS = [
    "wrong",
    "correct",
    "undecided",
    "truncated",
    "no-answer",
    "disagree",
    "unjudged",
    "cancelled",
    "failed",
  ];
  const OF_PROBLEMS = ["vote-wrong", "vote-tied", "vote-right", ...OF_DRAWS];

  ttc.facetLabel = (facet) => {
    if (LABELS[facet]) return LABELS[facet][0];
    const [, key, value] = /^group:([^=]*)=(.*)$/s.exec(facet) ?? [];
    if (key !== undefined) return `${key}: ${value}`;
    const [, answer] = /^answer:(.*)$/s.exec(facet) ?? [];
    return answer === undefined ? facet : answer === "" ? "no answer" : `answer ${answer}`;
  };

  // The facets that hold of single draws: they go on to the draws of a problem.
  ttc.drawFacets = (filter) => ttc.route.facets(filter).filter((facet) => OF_DRAWS.includes(facet));

  // `key` is the part of the route that holds the filter: a problem's page filters its draws.
  ttc.toggleFacet = (route, facet, key = "filter") => {
    const now = ttc.route.facets(route[key]);
    const next = now.includes(facet) ? now.filter((one) => one !== facet) : [...now, facet];
    const at = key === "filter" ? null : route.at;
    ttc.route.go({ ...route, [key]: ttc.route.filter(next), p: null, at });
  };

  function chip(route, facet, count, label, key = "filter") {
    const on = ttc.route.facets(route[key]).includes(facet);
    const kind = LABELS[facet]?.[1] ?? "";
    return el(
      "button",
      {
        type: "button",
        class: `chip ${kind}`,
        "aria-pressed": String(on),
        "data-facet": facet,
        disabled: !on && count === 0,
        on: { click: () => ttc.toggleFacet(route, facet, key) },
      },
      [
        label ?? ttc.facetLabel(facet),
        ttc.known(count) && el("span", { class: "chip-count" }, ttc.count(count)),
      ],
    );
  }

  // Facets of the pool at all (by its overview), with the counts of the list at hand.
  ttc.chips = (route, kind, overview, found) => {
    const names = kind === "problems" ? OF_PROBLEMS : OF_DRAWS;
    const all = kind === "problems" ? (overview.problem_counts ?? {}) : overview.counts;
    // What the list does not count is counted for the pool while nothing narrows it down.
    const whole = !route.filter && !route.search;
    const counts = { ...(whole ? all : {}), ...found.facets };
    const active = ttc.route.facets(route.filter);
    const shown = names.filter((name) => (all[name] ?? counts[name]) > 0 || active.includes(name));
    const odd = active.filter((name) => !names.includes(name) && !name.startsWith("group:"));
    const clear =
      active.length > 0 &&
      ttc.link({ ...route, filter: null, p: null }, { class: "clear" }, "Clear filters");
    const lines = Object.entries(overview.groups ?? {}).map(([key, values]) =>
      groupLine(route, key, values, counts, active),
    );
    return el("div", { class: "chips", role: "group", "aria-label": "Filters" }, [
      el("div", { class: "chip-line" }, [
        [...shown, ...odd].map((name) => chip(route, name, counts[name])),
        clear,
      ]),
      lines.length > 0 && el("div", { class: "chip-groups" }, lines),
    ]);
  };

  // The chips of one problem's draws; those that hold of none of them are left out.
  ttc.problemChips = (route, found) => {
    const active = ttc.route.facets(route.draws);
    const counts = found.facets ?? {};
    const odd = active.filter((name) => !OF_DRAWS.includes(name));
    const names = [...OF_DRAWS.filter((name) => active.includes(name) || counts[name] > 0), ...odd];
    if (names.length === 0) return null;
    return el(
      "div",
      { class: "chips", role: "group", "aria-label": "Filters" },
      el("div", { class: "chip-line" }, [
        names.map((name) => chip(route, name, counts[name], undefined, "draws")),
        active.length > 0 &&
          ttc.link({ ...route, draws: null, p: null }, { class: "clear" }, "Clear filters"),
      ]),
    );
  };

  function groupLine(route, key, values, counts, active) {
    const facetOf = (value) => `group:${key}=${value}`;
    const entries = Object.entries(values);
    const name = el("span", { class: "chip-name" }, ttc.said(key, { most: 40 }));
    if (entries.length <= MOST_CHIPS) {
      const parts = entries.map(([value]) =>
        chip(route, facetOf(value), counts[facetOf(value)], ttc.said(value, { most: 40 })),
      );
      return el("div", { class: "chip-line" }, [name, parts]);
    }
    const now = active.find((facet) => facet.startsWith(`group:${key}=`));
    const options = [
      ["", "any"],
      ...entries.map(([value]) => {
        const count = counts[facetOf(value)];
        return [facetOf(value), ttc.known(count) ? `${value} (${ttc.count(count)})` : value];
      }),
    ];
    const change = (facet) => {
      const rest = active.filter((one) => one !== now);
      ttc.route.go({
        ...route,
        filter: ttc.route.filter(facet ? [...rest, facet] : rest),
        p: null,
      });
    };
    return el("div", { class: "chip-line" }, ttc.select(key, options, now ?? "", change));
  }

  ttc.searchField = (route, label) => {
    const field = el("input", {
      type: "search",
      id: "search",
      value: route.search ?? "",
      placeholder: `${label}  ( / )`,
      "aria-label": label,
      autocomplete: "off",
      spellcheck: "false",
      enterkeyhint: "search",
    });
    const ask = () => {
      if ((route.search ?? "") === field.value) return;
      ttc.route.go({ ...route, search: field.value || null, p: null, at: null });
    };
    field.addEventListener("search", ask);
    return el(
      "form",
      {
        class: "search",
        role: "search",
        on: {
          submit: (event) => {
            event.preventDefault();
            ask();
          },
        },
      },
      field,
    );
  };

  const SORTS = {
    problems: [
      ["order", "order of the pool"],
      ["accuracy", "fewest correct first"],
      ["-accuracy", "most correct first"],
      ["tokens", "shortest first"],
      ["-tokens", "longest first"],
    ],
    draws: [
      ["order", "order of the pool"],
      ["tokens", "shortest first"],
      ["-tokens", "longest first"],
      ["score", "lowest score first"],
      ["-score", "highest score first"],
    ],
  };
  ttc.sortField = (route, kind) =>
    ttc.select("Order", SORTS[kind], route.sort ?? "order", (sort) =>
      ttc.route.go({ ...route, sort: sort === "order" ? null : sort, p: null, at: null }),
    );
})();
