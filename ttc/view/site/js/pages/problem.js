// A problem: its question, its reference, the vote, and its draws side by side.
"use strict";

(() => {
  const { el } = ttc;

  // Previous and next in the list that the page was opened from.
  ttc.stepper = (what, position, total, before, after) => {
    const step = (to, label, rel, key) =>
      to
        ? ttc.link(
            to,
            { class: "button", rel, id: `step-${rel}`, title: `${label} (${key})` },
            label,
          )
        : el("span", { class: "button disabled", "aria-disabled": "true" }, label);
    return el("nav", { class: "stepper", "aria-label": `Other ${what}s` }, [
      step(before, "‹ Previous", "prev", what === "draw" ? "k" : "["),
      el("span", { class: "muted" }, `${what} ${ttc.count(position + 1)} of ${ttc.count(total)}`),
      step(after, "Next ›", "next", what === "draw" ? "j" : "]"),
    ]);
  };

  async function neighbours(route) {
    const { pool, verifier, filter, search, sort } = route;
    const at = Number(route.at);
    if (route.at === undefined || !Number.isInteger(at)) return null;
    const asked = { pool, verifier, filter, search, sort };
    const here = await ttc.rowAt("problems", asked, at);
    if (here.row?.problem !== route.problem) return null;
    const to = async (position) => {
      if (position < 0 || position >= here.total) return null;
      const { row } = await ttc.rowAt("problems", asked, position);
      return row ? { ...ttc.problemLink(route, row, position), cols: route.cols } : null;
    };
    const [before, after] = await Promise.all([to(at - 1), to(at + 1)]);
    return { before, after, node: ttc.stepper("problem", at, here.total, before, after) };
  }

  ttc.question = (messages) => {
    if (messages.length === 0) return ttc.el("p", { class: "muted" }, "The question is not known.");
    const short =
      messages.reduce((sum, { content }) => sum + String(content ?? "").length, 0) < 1200;
    const parts = messages.map(({ role, content }) => [
      messages.length > 1 || role !== "user" ? el("p", { class: "role" }, ttc.said(role)) : null,
      ttc.longText(typeof content === "string" ? content : JSON.stringify(content, null, 1), {
        label: "Question",
      }),
    ]);
    return ttc.fold("Question", el("div", { class: "question" }, parts), {
      open: short,
      kind: "plain",
    });
  };

  ttc.referenceBox = (reference) => {
    const said = ttc.reference(reference);
    if (said === null) return el("p", { class: "muted" }, "This problem has no reference.");
    return el("div", { class: "reference" }, [
      el("h2", {}, "Reference"),
      said.length > 200
        ? ttc.longText(said, { label: "Reference" })
        : el("p", { class: "answer" }, ttc.said(said, { kind: "mono" })),
    ]);
  };

  function vote(route, problem) {
    const chosen = ttc.route.facets(route.draws);
    const all = problem.vote.map((one) => [
      `answer:${one.answer}`,
      one.answer,
      one.votes,
      one.correct,
    ]);
    if (problem.no_answer > 0) all.push(["answer:", null, problem.no_answer, false]);
    if (all.length === 0) return null;
    const most = Math.max(...all.map(([, , votes]) => votes));
    const line = ([facet, answer, votes, correct]) => {
      const on = chosen.includes(facet);
      const next = on
        ? chosen.filter((one) => one !== facet)
        : [...chosen.filter((one) => !one.startsWith("answer:")), facet];
      const kind =
        answer === null
          ? "none"
          : correct === true
            ? "right"
            : correct === false
              ? "wrong"
              : "open";
      const title = on ? "Show all draws again" : "Show the draws with this answer";
      return el(
        "li",
        { class: `vote ${kind}`, "data-answer": answer ?? "" },
        ttc.link(
          { ...route, draws: ttc.route.filter(next), p: null },
          { class: on ? "vote-line on" : "vote-line", title },
          [
            answer === null
              ? el("span", { class: "verdict none", "aria-hidden": "true" }, "∅")
              : ttc.verdict(correct),
            answer === null
              ? el("span", { class: "muted" }, "no answer")
              : ttc.said(answer, { most: 60, kind: "mono" }),
            ttc.bar([[kind, votes]], most, ttc.counted(votes, "vote")),
            el("span", { class: "num" }, ttc.count(votes)),
          ],
        ),
      );
    };
    return el("div", { class: "votes" }, [
      el("h2", {}, "Vote"),
      el("ol", {}, all.slice(0, 12).map(line)),
      all.length > 12 &&
        ttc.fold(`${all.length - 12} more answers`, el("ol", {}, all.slice(12, 500).map(line))),
    ]);
  }

  ttc.pages.problem = async (route) => {
    const { pool, problem: name, verifier, draws: filter } = route;
    await ttc.poolNamed(pool);
    const asked = {
      pool,
      problem: name,
      verifier,
      filter,
      page: Number(route.p ?? 0),
      size: ttc.PAGE,
    };
    const [overview, problem, found, near] = await Promise.all([
      ttc.get("overview", { pool, verifier }),
      ttc.get("problem", { pool, problem: name, verifier }),
      ttc.get("draws", asked),
      neighbours(route),
    ]);
    const list = { pool, filter: route.filter, search: route.search, sort: route.sort, verifier };
    const node = el("section", { class: "page" }, [
      el("div", { class: "head" }, [
        el("div", { class: "head-line" }, [
          el("h1", {}, ttc.said(name, { most: 200 })),
          el("div", { class: "head-tools" }, [
            ttc.verifierField(route, overview),
            problem.has_tree &&
              ttc.link(
                { page: "tree", pool, problem: name, verifier },
                { class: "button", id: "tree-link" },
                "Search tree",
              ),
            near?.node,
          ]),
        ]),
        el("p", { class: "sub" }, [
          ttc.counted(problem.draws, "draw"),
          " ",
          ttc.groupTags(problem.groups),
        ]),
      ]),
      el("div", { class: "asked" }, [
        ttc.question(problem.messages ?? []),
        el("div", { class: "asked-side" }, [
          ttc.referenceBox(problem.reference),
          vote(route, problem),
        ]),
      ]),
      el("div", { class: "list-tools" }, [
        el("h2", {}, "Draws"),
        el("span", { class: "total", id: "total" }, ttc.counted(found.total, "draw")),
        ttc.cardTools(route),
      ]),
      ttc.problemChips(route, found),
      found.rows.length === 0
        ? el("div", { class: "empty" }, [
            el("p", {}, "No draws of this problem match."),
            ttc.link({ ...route, draws: null }, { class: "button" }, "Show all"),
          ])
        : ttc.cards(route, found.rows, found.page * ttc.PAGE),
      found.total > ttc.PAGE && ttc.pager(route, found.page, found.total),
      problem.attempts?.length > 0 &&
        ttc.fold(
          `Attempts that gave no draw: ${ttc.count(problem.attempts.length)}`,
          ttc.attempts(problem.attempts, route),
          { kind: "plain" },
        ),
      ttc.copyable(ttc.command("show", pool, name)),
    ]);
    const keys = { "]": near?.after, "[": near?.before };
    const act = (key) =>
      keys[key]
        ? ttc.route.go(keys[key])
        : ttc.COLUMNS.includes(key) && ttc.route.replace({ ...route, cols: key });
    const up = { page: "pool", ...list, p: Math.floor(Number(route.at ?? 0) / ttc.PAGE) || null };
    return { title: name, trail: ttc.poolTrail(route, [route, name]), node, act, up };
  };
})();
