// One problem in two pools: the draws of both, side by side.
"use strict";

(() => {
  const { el } = ttc;

  async function side(route, which) {
    const pool = route[which];
    const { problem: name, verifier } = route;
    await ttc.poolNamed(pool);
    const filter = route.draws;
    const [problem, found] = await Promise.all([
      ttc.get("problem", { pool, problem: name, verifier }),
      ttc.get("draws", { pool, problem: name, verifier, filter, page: 0, size: ttc.PAGE }),
    ]);
    const own = {
      page: "problem",
      pool,
      problem: name,
      verifier,
      draws: filter,
      ends: route.ends,
      cols: "2",
    };
    const right = problem.vote
      .filter((one) => one.correct)
      .reduce((sum, one) => sum + one.votes, 0);
    const votes = problem.vote
      .slice(0, 5)
      .map((one) =>
        el("span", { class: "tag" }, [
          ttc.verdict(one.correct),
          ttc.said(one.answer, { most: 24, kind: "mono" }),
          el("span", { class: "muted" }, ` ${ttc.count(one.votes)}`),
        ]),
      );
    const node = el("section", { class: "pair-side", "data-side": which }, [
      el("h2", {}, [
        `${which.toUpperCase()} `,
        ttc.link(own, {}, ttc.said(pool, { most: 60 })),
        el(
          "span",
          { class: "total" },
          `${ttc.count(right)} of ${ttc.count(problem.draws)} correct`,
        ),
      ]),
      el("p", { class: "tags" }, votes),
      found.rows.length === 0
        ? el("p", { class: "empty" }, "No draws match.")
        : ttc.cards(own, found.rows),
      found.total > found.rows.length &&
        ttc.link(own, { class: "button" }, `All ${ttc.counted(found.total, "draw")}`),
    ]);
    return { node, problem, found };
  }

  ttc.pages.pair = async (route) => {
    const [a, b] = await Promise.all([side(route, "a"), side(route, "b")]);
    const { problem } = a;
    const up = { page: "compare", a: route.a, b: route.b, verifier: route.verifier };
    const merged = { facets: {} };
    for (const { found } of [a, b]) {
      for (const [name, count] of Object.entries(found.facets ?? {}))
        merged.facets[name] = (merged.facets[name] ?? 0) + count;
    }
    const node = el("section", { class: "page" }, [
      el("div", { class: "head" }, [el("h1", {}, ttc.said(route.problem, { most: 200 }))]),
      el("div", { class: "asked" }, [
        ttc.question(problem.messages ?? []),
        el("div", { class: "asked-side" }, ttc.referenceBox(problem.reference)),
      ]),
      ttc.problemChips(route, merged),
      el("div", { class: "pair" }, [a.node, b.node]),
    ]);
    return {
      title: `${route.problem}: ${route.a} and ${route.b}`,
      trail: [
        [up, "compare"],
        [route, route.problem],
      ],
      node,
      up,
    };
  };
})();
