// The pools of the store: what each holds, how often it is right, and where settings differ.
"use strict";

(() => {
  const { el } = ttc;
  const MOST_PICKED = 2;
  const IMPLIED = ["fingerprint"]; // by the model

  // The settings whose values are not the same in every pool.
  function differing(pools) {
    const names = new Set(pools.flatMap((pool) => Object.keys(pool.settings ?? {})));
    const said = (pool, name) => JSON.stringify(pool.settings?.[name] ?? null);
    const differs = (name) => new Set(pools.map((pool) => said(pool, name))).size > 1;
    return [...names].filter(
      (name) => pools.length > 1 && !IMPLIED.includes(name) && differs(name),
    );
  }

  function accuracy(pool) {
    if (!ttc.known(pool.judged) || pool.judged === 0)
      return el("span", { class: "muted" }, "not verified");
    const parts = [
      ["right", pool.correct],
      ["wrong", pool.judged - pool.correct],
    ];
    const label = `${ttc.count(pool.correct)} of ${ttc.count(pool.judged)} judged draws correct`;
    const judgedAll = pool.judged === pool.samples;
    return [
      el("b", {}, ttc.percent(pool.correct / pool.judged)),
      ttc.bar(parts, pool.samples, label),
      el("span", { class: "muted small" }, [
        ttc.said(pool.verifier, { most: 40 }),
        judgedAll ? "" : `, ${ttc.count(pool.judged)} judged`,
      ]),
    ];
  }

  function settings(pool, names) {
    const lines = names.map((name) =>
      el("span", { class: "tag setting" }, [
        el("span", { class: "muted" }, `${ttc.signs(name)} `),
        pool.settings && name in pool.settings ? ttc.setting(pool.settings[name]) : "–",
      ]),
    );
    return lines.length > 0 ? lines : el("span", { class: "muted" }, "same");
  }

  function rowOf(pool, names, pick) {
    const name = ttc.link(
      { page: "pool", pool: pool.pool },
      { "data-row": pool.pool, class: "row-link" },
      ttc.said(pool.pool, { most: 80 }),
    );
    const box = el("input", {
      type: "checkbox",
      value: pool.pool,
      "aria-label": `Compare ${ttc.signs(pool.pool)}`,
      on: { change: pick },
    });
    const lost = [
      pool.truncated > 0 && ttc.tag(`${ttc.count(pool.truncated)} truncated`, "quiet"),
      pool.failed > 0 && ttc.tag(`${ttc.count(pool.failed)} failed`, "warn"),
      pool.methods > 0 && ttc.tag(ttc.counted(pool.methods, "search tree"), "quiet"),
    ];
    return ttc.row(
      [
        ["Compare", "pick", box],
        [
          "Pool",
          "main-cell",
          [name, el("span", { class: "question-line" }, ttc.said(pool.model, { most: 80 }))],
        ],
        ["Problems", "num", ttc.count(pool.problems)],
        ["Draws", "num", [ttc.count(pool.samples), each(pool)]],
        ["Correct", "num correct-cell", accuracy(pool)],
        ["Noticed", "tags", lost],
        ["Differs in", "tags", settings(pool, names)],
        ["Last draw", "time", el("span", { title: ttc.moment(pool.last) }, ttc.ago(pool.last))],
      ],
      { "data-pool": pool.pool },
    );
  }

  function each(pool) {
    const mean = pool.samples / pool.problems;
    if (!(pool.problems > 1) || !Number.isFinite(mean)) return null;
    return el(
      "span",
      { class: "muted small block" },
      `${Number.isInteger(mean) ? "" : "≈ "}${ttc.short(mean)} each`,
    );
  }

  function chooser(section) {
    const bar = el("div", { class: "pick-bar", role: "status" });
    const chosen = () => [...section.querySelectorAll(".pick input:checked")];
    const pick = (event) => {
      if (chosen().length > MOST_PICKED) event.target.checked = false;
      const [a, b] = chosen().map((box) => box.value);
      if (b === undefined) {
        return ttc.fill(
          bar,
          a === undefined ? null : el("span", {}, "Tick a second pool to compare with."),
        );
      }
      return ttc.fill(
        bar,
        el("span", {}, [ttc.said(a), " and ", ttc.said(b)]),
        ttc.link(
          { page: "compare", a, b },
          { class: "button primary", id: "compare-picked" },
          "Compare",
        ),
      );
    };
    return { bar, pick };
  }

  ttc.pages.pools = async () => {
    const found = await ttc.get("pools");
    const title = "Pools";
    if (found.pools.length === 0) {
      const says = "Draw some with ttc sample, then look again.";
      return { title, trail: [], node: ttc.notice("There are no pools in this store yet", says) };
    }
    const names = differing(found.pools);
    const section = el("section", { class: "page" });
    const { bar, pick } = chooser(section);
    const heads = [
      ["", "pick"],
      ["Pool"],
      ["Problems", "num"],
      ["Draws", "num"],
      ["Correct", "num"],
      ["Noticed"],
      ["Differs in"],
      ["Last draw"],
    ];
    const common = Object.entries(found.pools[0].settings ?? {}).filter(
      ([name]) => !names.includes(name) && !(found.pools.length > 1 && IMPLIED.includes(name)),
    );
    section.append(
      el("div", { class: "head" }, [
        el("h1", {}, title),
        el("p", { class: "sub" }, [
          ttc.counted(found.pools.length, "pool"),
          " in ",
          ttc.said(found.store),
          el(
            "span",
            { class: "muted" },
            ` · ttc ${ttc.signs(found.version ?? "")}${found.exported ? " · exported" : ""}`,
          ),
        ]),
      ]),
      ttc.table(
        "Pools",
        heads,
        found.pools.map((pool) => rowOf(pool, names, pick)),
        "stacked pools",
      ),
      bar,
    );
    if (common.length > 0) {
      const what = found.pools.length > 1 ? "Settings that all pools share" : "Settings";
      section.append(
        ttc.fold(
          what,
          ttc.facts(
            common.map(([name, value]) => [ttc.signs(name), ttc.setting(value)]),
            "settings",
          ),
        ),
      );
    }
    return { title, trail: [], node: section };
  };
})();
