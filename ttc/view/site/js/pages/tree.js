// The tree of a search: steps to expand, their scores, and the path that became the answer.
"use strict";

(() => {
  const { el } = ttc;
  const AT_ONCE = 40; // children of one node; more come with a click
  const SMALL = 60; // nodes of a tree that opens whole

  // The nodes by parent. A parent that is not in the run makes its children roots.
  function grown(nodes) {
    const known = new Set(nodes.map((node) => node.id));
    const below = new Map();
    for (const node of nodes) {
      const parent = known.has(node.parent) && node.parent !== node.id ? node.parent : null;
      if (!below.has(parent)) below.set(parent, []);
      below.get(parent).push(node);
    }
    const scores = nodes.map((node) => node.score).filter(ttc.known);
    return {
      below,
      low: Math.min(0, ...scores),
      high: Math.max(1, ...scores),
      small: nodes.length <= SMALL,
    };
  }

  function score(tree, node) {
    if (!ttc.known(node.score)) return null;
    const bar = ttc.bar(
      [["score", node.score - tree.low]],
      tree.high - tree.low,
      `score ${ttc.short(node.score)}`,
      "score-bar",
    );
    return el("span", { class: "node-score" }, [bar, node.score.toFixed(3)]);
  }

  function item(tree, node, level, pick) {
    const children = tree.below.get(node.id) ?? [];
    const open = children.length > 0 && (tree.small || node.chosen || level < 2);
    const state = node.state === "cut" ? ttc.tag("truncated", "warn") : null;
    const label = el("span", { class: "node-line" }, [
      el("span", { class: "twig", "aria-hidden": "true" }, children.length > 0 ? "▸" : "·"),
      node.chosen && el("span", { class: "chosen-mark", title: "on the chosen path" }, "→"),
      score(tree, node),
      ttc.said(node.text, { most: 110 }),
      el(
        "span",
        { class: "muted small" },
        ttc.known(node.tokens) ? ttc.counted(node.tokens, "token") : "",
      ),
      state,
    ]);
    const line = el(
      "li",
      {
        role: "treeitem",
        tabindex: "-1",
        class: node.chosen ? "node chosen" : "node",
        "aria-level": level,
        "aria-expanded": children.length > 0 ? String(open) : null,
        "aria-selected": "false",
        "data-node": node.id,
      },
      label,
    );
    line.nodeOf = node;
    line.grow = () => {
      if (!line.querySelector(":scope > ul")) line.append(branch(tree, children, level + 1, pick));
    };
    if (open) line.grow();
    label.addEventListener("click", (event) => {
      pick(line);
      if (event.target.closest(".twig") || event.detail === 2) toggle(line);
    });
    return line;
  }

  function branch(tree, nodes, level, pick) {
    const list = el("ul", { role: "group" });
    let at = 0;
    const rest = el("li", { role: "none" });
    const show = () => {
      const part = nodes.slice(at, at + AT_ONCE);
      at += part.length;
      const made = part.map((node) => item(tree, node, level, pick));
      if (rest.parentNode) rest.before(...made);
      else list.append(...made);
      if (at < nodes.length) {
        ttc.fill(
          rest,
          ttc.button(`${ttc.count(nodes.length - at)} more`, show, { class: "button small" }),
        );
        list.append(rest);
      } else rest.remove();
    };
    show();
    return list;
  }

  function toggle(line, open = line.getAttribute("aria-expanded") !== "true") {
    if (!line.hasAttribute("aria-expanded")) return;
    if (open) line.grow();
    line.setAttribute("aria-expanded", String(open));
  }

  const shown = (root) =>
    [...root.querySelectorAll('[role="treeitem"]')].filter(
      (line) => !line.parentElement.closest('[aria-expanded="false"]'),
    );

  function keys(root, pick) {
    root.addEventListener("keydown", (event) => {
      const line = event.target.closest('[role="treeitem"]');
      if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
      const all = shown(root);
      const at = all.indexOf(line);
      const open = line.getAttribute("aria-expanded");
      const to = {
        ArrowDown: () => all[at + 1],
        ArrowUp: () => all[at - 1],
        j: () => all[at + 1],
        k: () => all[at - 1],
        Home: () => all[0],
        End: () => all.at(-1),
        ArrowRight: () => (open === "false" ? toggle(line, true) : all[at + 1]),
        ArrowLeft: () =>
          open === "true" ? toggle(line, false) : line.parentElement.closest('[role="treeitem"]'),
        Enter: () => toggle(line),
        " ": () => toggle(line),
      }[event.key];
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      const next = to();
      if (next) pick(next, true);
    });
  }

  function detail(node) {
    const known = (value) => (ttc.known(value) ? String(value) : null);
    return [
      ttc.facts(
        [
          ["score", known(node.score)],
          ["depth", ttc.count(node.depth)],
          ["tokens", ttc.count(node.tokens)],
          ["log probability", known(node.logprob)],
          ["state", node.state ? ttc.said(node.state) : null],
          ["model", node.model ? ttc.said(node.model) : null],
        ],
        "inline",
      ),
      node.before && ttc.longText(node.before, { label: "Text that the search put in front" }),
      ttc.longText(node.text ?? "", { label: "Text of the step", length: node.text_length }),
    ];
  }

  function view(run) {
    const tree = grown(run.nodes);
    const side = el("div", { class: "node-detail", "aria-live": "polite" });
    const root = el("div", { class: "tree", role: "tree", "aria-label": "Steps of the search" });
    let picked = null;
    const pick = (line, focus = false) => {
      picked?.setAttribute("aria-selected", "false");
      picked?.setAttribute("tabindex", "-1");
      picked = line;
      line.setAttribute("aria-selected", "true");
      line.setAttribute("tabindex", "0");
      if (focus) line.focus();
      ttc.fill(side, detail(line.nodeOf));
    };
    root.append(...branch(tree, tree.below.get(null) ?? [], 1, pick).childNodes);
    keys(root, pick);
    const lines = [...root.querySelectorAll('[role="treeitem"]')];
    const first = lines.filter((line) => line.nodeOf.chosen).at(-1) ?? lines[0];
    if (first) pick(first);
    return el("div", { class: "tree-page" }, [root, side]);
  }

  ttc.pages.tree = async (route) => {
    const { pool, problem: name, verifier } = route;
    await ttc.poolNamed(pool);
    const [{ runs }, problem] = await Promise.all([
      ttc.get("tree", { pool, problem: name }),
      ttc.get("problem", { pool, problem: name, verifier }),
    ]);
    const up = { page: "problem", pool, problem: name, verifier };
    const trail = ttc.poolTrail(route, [up, name], [route, "search tree"]);
    const title = `Search tree of ${name}`;
    if (runs.length === 0) {
      return {
        title,
        trail,
        up,
        node: ttc.notice(
          "No search kept a tree of this problem",
          "A search keeps one: ttc solve --method beam:n=4,m=2 does, for one.",
        ),
      };
    }
    const at = Math.min(runs.length - 1, Math.max(0, Number(route.run) || 0));
    const run = runs[at];
    const about = { ...run.options, aggregate: run.aggregate, scorer: run.scorer, ...run.budget };
    const options = Object.entries(about)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) =>
        el("span", { class: "tag setting" }, [
          el("span", { class: "muted" }, `${ttc.signs(key)} `),
          ttc.setting(value),
        ]),
      );
    const node = el("section", { class: "page" }, [
      el("div", { class: "head" }, [
        el("div", { class: "head-line" }, [
          el("h1", {}, ["Search tree of ", ttc.said(name, { most: 120 })]),
          runs.length > 1 &&
            ttc.select(
              "Run",
              runs.map((one, index) => [String(index), `${index + 1}: ${one.method}`]),
              String(at),
              (value) => ttc.route.replace({ ...route, run: value }),
            ),
        ]),
        el("p", { class: "sub" }, [
          el("b", {}, ttc.said(run.method ?? "search")),
          " · ",
          ttc.counted(run.nodes.length, "step"),
          " · answer ",
          ttc.said(run.answer, { most: 80, kind: "mono" }),
          ttc.reference(problem.reference) !== null && [
            " · reference ",
            ttc.said(ttc.reference(problem.reference), { most: 80, kind: "mono" }),
          ],
        ]),
        el("p", { class: "tags" }, options),
      ]),
      view(run),
    ]);
    return { title, trail, node, up };
  };
})();
