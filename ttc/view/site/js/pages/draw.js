// One draw: its whole text, what each verifier says of it, and the way to the next of the list.
"use strict";

(() => {
  const { el } = ttc;

  // The list that the draw was opened from; without one, the draws of its problem.
  const listOf = ({ pool, problem, verifier, filter, search, sort, within, at }) =>
    at === undefined
      ? { pool, verifier, problem }
      : { pool, verifier, filter, search, sort, problem: within ? problem : undefined };

  const within = ({ rows, page }, route) => {
    const at = rows.findIndex(
      (row) => row.problem === route.problem && row.index === Number(route.index),
    );
    return at < 0 ? -1 : page * ttc.PAGE + at;
  };

  // The draw's position in the list. A link may be older than the list: then the draw may stand
  // elsewhere on the page, or the list is that of its problem.
  async function place(route) {
    const asked = listOf(route);
    const from = Number(route.at ?? 0) || 0;
    const here = await ttc.rowAt("draws", asked, from);
    const position = within(here, route);
    if (position < 0) return route.at === undefined ? null : place({ ...route, at: undefined });
    return {
      asked,
      position,
      ...here,
      row: here.rows[position % ttc.PAGE],
      alone: route.at === undefined,
    };
  }

  const linkTo = (route, here, row, at) => {
    if (!row) return null;
    const { pool, verifier, filter, search, sort, within: one } = route;
    const list = here.alone ? { within: 1 } : { filter, search, sort, within: one };
    return { page: "draw", pool, problem: row.problem, index: row.index, verifier, ...list, at };
  };

  async function around(route, here) {
    const to = async (position) => {
      if (position < 0 || position >= here.total) return null;
      return linkTo(route, here, (await ttc.rowAt("draws", here.asked, position)).row, position);
    };
    const [before, after] = await Promise.all([to(here.position - 1), to(here.position + 1)]);
    if (after) {
      // So that the next one is there at once.
      ttc
        .get("draw", { pool: after.pool, problem: after.problem, index: after.index })
        .catch(() => {});
    }
    return { before, after };
  }

  function aside(route, here) {
    const start = here.page * ttc.PAGE;
    const line = (row, index) => {
      const now = start + index === here.position;
      return el(
        "li",
        {},
        ttc.link(
          linkTo(route, here, row, start + index),
          {
            class: now ? "near-line on" : "near-line",
            "aria-current": now ? "true" : null,
          },
          [
            ttc.verdict(row.correct),
            el("span", { class: "near-name" }, [
              ttc.said(row.problem, { most: 40 }),
              el("span", { class: "muted" }, ` #${row.index}`),
            ]),
            row.answer
              ? ttc.said(row.answer, { most: 24, kind: "mono" })
              : el("span", { class: "muted" }, "none"),
          ],
        ),
      );
    };
    return el(
      "nav",
      { class: "near", "aria-label": "The list" },
      el("ol", {}, here.rows.map(line)),
    );
  }

  // How the rest of a text that is too long for one document comes.
  function rest(route, draw) {
    let { next } = draw;
    if (!ttc.known(next)) return {};
    if (!ttc.live) return { length: draw.text_length };
    const more = async () => {
      if (!ttc.known(next)) return null;
      const { pool, problem, index } = route;
      const part = await ttc.get("draw", { pool, problem, index, from: next });
      next = part.next;
      return part.text;
    };
    return { more, length: draw.text_length };
  }

  function texts(route, draw) {
    const split = typeof draw.answer_text === "string" && draw.think && !draw.next;
    const search = route.search;
    const thinking = draw.think
      ? ttc.fold(
          draw.think_tokens > 0
            ? `Thinking · ${ttc.counted(draw.think_tokens, "token")}`
            : draw.think_open
              ? "Thinking, which never ended"
              : "Thinking",
          ttc.longText(draw.think.replace(/^\s*\n/, ""), { search, label: "Thinking" }),
          { kind: "think", open: Boolean(search && ttc.finder(search).test(draw.think)) },
        )
      : null;
    const main = split
      ? ttc.longText(draw.answer_text.replace(/^\s*\n/, ""), { search, label: "Text of the draw" })
      : ttc.longText(draw.text ?? "", { search, label: "Text of the draw", ...rest(route, draw) });
    const cut =
      draw.finish_reason === "length" &&
      el("p", { class: "cut" }, "The draw was truncated here: it reached its limit of tokens.");
    return el("div", { class: "draw-text", id: "draw-text" }, [thinking, main, cut]);
  }

  function said(draw, row, reference) {
    const kind = { true: "right", false: "wrong" }[String(row?.correct)] ?? "open";
    const answer = row?.answer ?? null;
    const pair = (name, value) => el("div", {}, [el("dt", {}, name), el("dd", {}, value)]);
    const want = ttc.reference(reference);
    return el("dl", { class: `banner ${kind}` }, [
      pair("Verdict", ttc.verdict(row?.correct, { words: true })),
      pair(
        "Answer",
        answer === null || answer === ""
          ? el("span", { class: "muted" }, "none")
          : ttc.said(answer, { most: 200, kind: "mono answer" }),
      ),
      want !== null && pair("Reference", ttc.said(want, { most: 200, kind: "mono answer" })),
      pair("Tokens", ttc.tokens(draw)),
      pair("Finish", ttc.finish(draw.finish_reason)),
    ]);
  }

  function ofVerifier(draw, verifier) {
    const found =
      draw.verdicts?.find((one) => (one.label ?? one.verifier) === verifier) ?? draw.verdicts?.[0];
    return found
      ? { correct: found.correct, answer: found.answer }
      : { correct: null, answer: null };
  }

  ttc.pages.draw = async (route) => {
    const { pool, problem: name, index, verifier } = route;
    await ttc.poolNamed(pool);
    const [overview, draw, problem, here] = await Promise.all([
      ttc.get("overview", { pool, verifier }),
      ttc.get("draw", { pool, problem: name, index }),
      ttc.get("problem", { pool, problem: name, verifier }),
      place(route),
    ]);
    const { before, after } = here ? await around(route, here) : {};
    const row = here?.row ?? ofVerifier(draw, overview.verifier);
    const filter = ttc.route.facets(route.filter).map(ttc.facetLabel).join(", ").toLowerCase();
    const node = el("section", { class: "page draw-page" }, [
      here && here.rows.length > 1 && aside(route, here),
      el("div", { class: "draw-main" }, [
        el(
          "div",
          { class: "head" },
          el("div", { class: "head-line" }, [
            el("h1", {}, [
              ttc.said(name, { most: 120 }),
              el("span", { class: "muted" }, ` #${index}`),
            ]),
            el("div", { class: "head-tools" }, [
              ttc.verifierField(route, overview),
              filter && ttc.tag(filter, "quiet"),
              here && ttc.stepper("draw", here.position, here.total, before, after),
            ]),
          ]),
        ),
        said(draw, row, problem.reference),
        draw.detail &&
          !draw.verdicts?.length &&
          el("p", { class: "cut" }, ttc.said(draw.detail, { most: 2000 })),
        ttc.question(problem.messages ?? []),
        texts(route, draw),
      ]),
      el("div", { class: "draw-side" }, [
        draw.verdicts?.length > 0
          ? el("section", {}, [
              el("h2", {}, "Verdicts"),
              el(
                "ul",
                { class: "verdict-list" },
                draw.verdicts.map((one) => ttc.verdictBox(one, overview.verifier)),
              ),
            ])
          : el("p", { class: "muted" }, "No verifier has judged this draw."),
        el("section", {}, [el("h2", {}, "Draw"), ttc.drawFields(draw)]),
        draw.attempts?.length > 0 &&
          el("section", {}, [
            el("h2", {}, "Attempts that gave no draw"),
            ttc.attempts(draw.attempts),
          ]),
        el("section", {}, [
          el("h2", {}, "On the terminal"),
          ttc.copyable(ttc.command("show", pool, name, index)),
        ]),
      ]),
    ]);
    const go = (to) => to && ttc.route.go(to);
    const steps = { j: after, ArrowRight: after, k: before, ArrowLeft: before };
    const act = (key) =>
      key in steps
        ? (go(steps[key]), true)
        : key === "c" && ttc.copied(ttc.command("show", pool, name, index));
    const listRoute = {
      pool,
      verifier,
      filter: route.filter,
      search: route.search,
      sort: route.sort,
    };
    const up =
      route.within || route.at === undefined
        ? { page: "problem", pool, problem: name, verifier, draws: route.filter }
        : {
            page: "pool",
            tab: "draws",
            ...listRoute,
            p: Math.floor(Number(route.at) / ttc.PAGE) || null,
          };
    const trail = ttc.poolTrail(
      route,
      [{ page: "problem", pool, problem: name, verifier }, name],
      [route, `#${index}`],
    );
    return { title: `${name} #${index}`, trail, node, act, up, steady: true };
  };
})();
