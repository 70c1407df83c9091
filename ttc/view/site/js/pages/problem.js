// A problem: its question, its reference, the vote, and its draws side by side.
"use strict";

(() => {
  const { el } = ttc;
  const COLUMNS = ["2", "3", "4"];
  const OF_A_CARD = 3000; // characters of a text on a card

  // Previous and next in the list that the page was opened from.
  ttc.stepper = (what, position, total, before, after) => {
    const step = (to, label, rel, key) =>
      to ? ttc.link(to, { class: "button", rel, id: `step-${rel}`, title: `${label} (${key})` }, label)
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
    const short = messages.reduce((sum, { content }) => sum + String(content ?? "").length, 0) < 1200;
    const parts = messages.map(({ role, content }) => [
      messages.length > 1 || role !== "user" ? el("p", { class: "role" }, ttc.said(role)) : null,
      ttc.longText(typeof content === "string" ? content : JSON.stringify(content, null, 1), { label: "Question" }),
    ]);
    return ttc.fold("Question", el("div", { class: "question" }, parts), { open: short, kind: "plain" });
  };

  ttc.referenceBox = (reference) => {
    const said = ttc.reference(reference);
    if (said === null) return el("p", { class: "muted" }, "This problem has no reference.");
    return el("div", { class: "reference" }, [el("h2", {}, "Reference"),
      said.length > 200 ? ttc.longText(said, { label: "Reference" }) : el("p", { class: "answer" }, ttc.said(said, { kind: "mono" }))]);
  };

  function vote(route, problem) {
    const chosen = ttc.route.facets(route.draws);
    const all = problem.vote.map((one) => [`answer:${one.answer}`, one.answer, one.votes, one.correct]);
    if (problem.no_answer > 0) all.push(["answer:", null, problem.no_answer, false]);
    if (all.length === 0) return null;
    const most = Math.max(...all.map(([, , votes]) => votes));
    const line = ([facet, answer, votes, correct]) => {
      const on = chosen.includes(facet);
      const next = on ? chosen.filter((one) => one !== facet)
        : [...chosen.filter((one) => !one.startsWith("answer:")), facet];
      const kind = answer === null ? "none" : correct === true ? "right" : correct === false ? "wrong" : "open";
      const title = on ? "Show all draws again" : "Show the draws with this answer";
      return el("li", { class: `vote ${kind}`, "data-answer": answer ?? "" }, ttc.link(
        { ...route, draws: ttc.route.filter(next), p: null }, { class: on ? "vote-line on" : "vote-line", title }, [
          answer === null ? el("span", { class: "verdict none", "aria-hidden": "true" }, "∅") : ttc.verdict(correct),
          answer === null ? el("span", { class: "muted" }, "no answer") : ttc.said(answer, { most: 60, kind: "mono" }),
          ttc.bar([[kind, votes]], most, ttc.counted(votes, "vote")),
          el("span", { class: "num" }, ttc.count(votes)),
        ]));
    };
    return el("div", { class: "votes" }, [el("h2", {}, "Vote"), el("ol", {}, all.slice(0, 12).map(line)),
      all.length > 12 && ttc.fold(`${all.length - 12} more answers`, el("ol", {}, all.slice(12, 500).map(line)))]);
  }

  function card(route, row, at) {
    const to = { page: "draw", pool: route.pool, problem: route.problem, index: row.index,
      verifier: route.verifier, filter: route.draws, within: 1, at };
    const body = el("div", { class: "card-body", tabindex: "0", role: "group", "aria-label": "Text" });
    const kind = { true: "right", false: "wrong" }[String(row.correct)] ?? "open";
    const node = el("article", { class: `card ${kind}`, "data-draw": `${row.problem}#${row.index}`, "data-correct": String(row.correct) }, [
      ttc.link(to, { class: "card-head", "data-row": `${row.problem}#${row.index}` }, [
        ttc.verdict(row.correct), el("span", { class: "muted" }, `#${row.index}`),
        row.answer === null || row.answer === "" ? el("span", { class: "muted" }, "no answer")
          : ttc.said(row.answer, { most: 60, kind: "mono answer" })]),
      body,
      el("p", { class: "card-foot" }, [ttc.tokens(row), " tokens", row.finish_reason === "stop" ? null : ttc.finish(row.finish_reason),
        others(row), row.score !== null && ![0, 1].includes(row.score) && el("span", {}, `score ${ttc.short(row.score)}`)]),
    ]);
    return { node, body, show: () => cardText(route, row, body) };
  }

  // What the verifiers say, where there are several of them.
  function others(row) {
    const said = Object.entries(row.verdicts ?? {});
    if (said.length < 2) return null;
    return el("span", { class: "verdicts" }, said.map(([label, correct]) =>
      el("span", { title: ttc.signs(label) }, ttc.verdict(correct))));
  }
  ttc.otherVerdicts = others;

  async function cardText(route, row, body) {
    try {
      const draw = await ttc.get("draw", { pool: route.pool, problem: row.problem, index: row.index });
      const text = draw.think && draw.answer_text ? draw.answer_text.replace(/^\s*\n/, "") : draw.text ?? "";
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
  ttc.cardText = cardText;

  ttc.cards = (route, rows, start = 0) => {
    const made = rows.map((row, index) => card(route, row, start + index));
    const shows = new Map(made.map(({ node, show }) => [node, show]));
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        watcher.unobserve(entry.target);
        shows.get(entry.target)();
      }
    }, { rootMargin: "600px" });
    made.forEach(({ node }) => watcher.observe(node));
    return el("div", { class: `cards cards-${COLUMNS.includes(route.cols) ? route.cols : "3"}` }, made.map(({ node }) => node));
  };

  function cardTools(route) {
    const columns = COLUMNS.map((count) => ttc.button(count, () => ttc.route.replace({ ...route, cols: count }), {
      class: "button small", "aria-pressed": String((route.cols ?? "3") === count), "aria-label": `${count} columns`, "data-cols": count }));
    return el("div", { class: "card-tools" }, [
      ttc.select("Cards show", [["last", "the end"], ["first", "the beginning"]], route.ends ?? "last",
        (ends) => ttc.route.replace({ ...route, ends: ends === "last" ? null : ends })),
      el("span", { class: "field columns", role: "group", "aria-label": "Columns" }, [el("span", {}, "Columns"), columns]),
    ]);
  }
  ttc.cardTools = cardTools;

  ttc.pages.problem = async (route) => {
    const { pool, problem: name, verifier, draws: filter } = route;
    await ttc.poolNamed(pool);
    const asked = { pool, problem: name, verifier, filter, page: Number(route.p ?? 0), size: ttc.PAGE };
    const [overview, problem, found, near] = await Promise.all([
      ttc.get("overview", { pool, verifier }), ttc.get("problem", { pool, problem: name, verifier }),
      ttc.get("draws", asked), neighbours(route)]);
    const list = { pool, filter: route.filter, search: route.search, sort: route.sort, verifier };
    const node = el("section", { class: "page" }, [
      el("div", { class: "head" }, [
        el("div", { class: "head-line" }, [el("h1", {}, ttc.said(name, { most: 200 })),
          el("div", { class: "head-tools" }, [ttc.verifierField(route, overview),
            problem.has_tree && ttc.link({ page: "tree", pool, problem: name, verifier }, { class: "button", id: "tree-link" }, "Search tree"), near?.node])]),
        el("p", { class: "sub" }, [ttc.counted(problem.draws, "draw"), " ", ttc.groupTags(problem.groups)]),
      ]),
      el("div", { class: "asked" }, [
        ttc.question(problem.messages ?? []),
        el("div", { class: "asked-side" }, [ttc.referenceBox(problem.reference), vote(route, problem)]),
      ]),
      el("div", { class: "list-tools" }, [el("h2", {}, "Draws"), el("span", { class: "total", id: "total" }, ttc.counted(found.total, "draw")), cardTools(route)]),
      ttc.problemChips(route, found),
      found.rows.length === 0 ? el("div", { class: "empty" }, [el("p", {}, "No draws of this problem match."),
        ttc.link({ ...route, draws: null }, { class: "button" }, "Show all")]) : ttc.cards(route, found.rows, found.page * ttc.PAGE),
      found.total > ttc.PAGE && ttc.pager(route, found.page, found.total),
      ttc.copyable(ttc.command("show", pool, name)),
    ]);
    const keys = { "]": near?.after, "[": near?.before };
    const act = (key) => (keys[key] ? ttc.route.go(keys[key]) : COLUMNS.includes(key) && ttc.route.replace({ ...route, cols: key }));
    const up = { page: "pool", ...list, p: Math.floor(Number(route.at ?? 0) / ttc.PAGE) || null };
    return { title: name, trail: ttc.poolTrail(route, [route, name]), node, act, up };
  };
})();
