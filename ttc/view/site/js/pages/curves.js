// Curves: what each rule reaches at each budget, with intervals; the axis may be k or a cost.
"use strict";

(() => {
  const { el } = ttc;
  const INTERVALS = {
    problems: ["low", "high", "problems like these"],
    draws: ["low_draws", "high_draws", "these problems"],
  };

  function costs(curves) {
    const points = curves.flatMap(({ points: own }) => own);
    const names = new Set(points.flatMap((point) => Object.keys(point.cost ?? {})));
    return [...names].filter((name) => points.some((point) => ttc.known(point.cost[name])));
  }

  const interval = (point, edges) =>
    ttc.known(point[edges[0]]) && ttc.known(point[edges[1]])
      ? `${ttc.share(point[edges[0]])} – ${ttc.share(point[edges[1]])}`
      : "–";

  const name = (curve) => {
    const by = curve.group ?? curve.by ?? null;
    return by
      ? `${curve.selector} · ${typeof by === "string" ? by : JSON.stringify(by)}`
      : curve.selector;
  };

  function note(curves, found, axis, edges) {
    const { point, at } = found;
    const cost = axis === "k" ? "tokens" : axis;
    return [
      el("p", { class: "note-name" }, [ttc.stroke(at), ttc.said(name(curves[at]))]),
      ttc.facts([
        ["k", ttc.count(point.k)],
        ["value", ttc.share(point.value)],
        ["interval", interval(point, edges)],
        [ttc.axisName(cost), ttc.short(point.cost?.[cost])],
      ]),
    ];
  }

  function table(curves, hidden, edges, axis) {
    const cost = axis === "k" ? "tokens" : axis;
    const heads = [
      ["Rule"],
      ["k", "num"],
      ["Value", "num"],
      [`Interval, ${edges[2]}`, "num"],
      [ttc.axisName(cost), "num"],
      ["Problems", "num"],
    ];
    const rows = curves
      .filter(({ selector }) => !hidden.has(selector))
      .flatMap((curve) =>
        curve.points.map((point) =>
          ttc.row([
            ["Rule", "", ttc.said(name(curve))],
            ["k", "num", ttc.count(point.k)],
            ["Value", "num", ttc.share(point.value)],
            [
              "Interval",
              "num",
              [
                interval(point, edges),
                point.exact === false && el("span", { class: "muted" }, " ≈"),
              ],
            ],
            [ttc.axisName(cost), "num", ttc.short(point.cost?.[cost])],
            ["Problems", "num", ttc.count(point.problems)],
          ]),
        ),
      );
    return ttc.fold("All points as a table", ttc.table("Points of the curves", heads, rows), {
      kind: "plain",
    });
  }

  function legend(route, curves, hidden) {
    return el(
      "div",
      { class: "legend", role: "group", "aria-label": "Rules" },
      curves.map((curve, at) =>
        el(
          "button",
          {
            type: "button",
            class: "legend-item",
            "aria-pressed": String(!hidden.has(curve.selector)),
            "data-rule": curve.selector,
            on: {
              click: () => {
                const next = new Set(hidden);
                if (!next.delete(curve.selector)) next.add(curve.selector);
                ttc.route.replace({ ...route, hide: [...next].map(encodeURIComponent).join(",") });
              },
            },
          },
          [
            ttc.stroke(at),
            ttc.said(name(curve)),
            curve.oracle && ttc.tag("oracle", "quiet", "needs to know which draw is right"),
          ],
        ),
      ),
    );
  }

  // Rules as `ttc sweep -s` takes them.
  function rulesField(route, overview) {
    const now = route.rules ?? (overview.rules ?? []).join(",");
    const field = el("input", {
      type: "search",
      id: "rules",
      value: now,
      spellcheck: "false",
      autocomplete: "off",
    });
    const ask = () =>
      field.value !== now && ttc.route.go({ ...route, rules: field.value || null, hide: null });
    return el(
      "form",
      {
        class: "rules",
        on: {
          submit: (event) => {
            event.preventDefault();
            ask();
          },
        },
      },
      [
        el("label", { class: "field wide" }, [el("span", {}, "Rules"), field]),
        el("button", { class: "button" }, "Draw"),
      ],
    );
  }

  function tools(route, curves, axis, log, which) {
    const axes = [["k", "k"], ...costs(curves).map((cost) => [cost, ttc.axisName(cost)])];
    return el("div", { class: "list-tools" }, [
      ttc.select(
        "Across",
        axes,
        axis,
        (value) => ttc.route.replace({ ...route, axis: value === "k" ? null : value }),
        { id: "axis" },
      ),
      ttc.select(
        "Interval for",
        Object.entries(INTERVALS).map(([key, [, , label]]) => [key, label]),
        which,
        (value) => ttc.route.replace({ ...route, interval: value === "problems" ? null : value }),
        { id: "interval" },
      ),
      el("label", { class: "check" }, [
        el("input", {
          type: "checkbox",
          id: "log",
          checked: log,
          on: { change: () => ttc.route.replace({ ...route, log: log ? "0" : null }) },
        }),
        " logarithmic",
      ]),
    ]);
  }

  function chart(curves, hidden, axis, log, edges) {
    const box = ttc.chartBox();
    const tip = el("div", { class: "tip", hidden: true, id: "tip" });
    box.append(tip);
    const shown = curves.map((curve) => ({ ...curve, show: !hidden.has(curve.selector) }));
    const hover = (found, plot) =>
      ttc.noteAt(tip, plot, found, axis, found && note(curves, found, axis, edges));
    let plot = null;
    const draw = () => {
      if (!box.isConnected || box.clientWidth === 0) return;
      plot?.destroy();
      plot = ttc.chart(box, { curves: shown, axis, log, edges, hover });
      if (!plot) ttc.fill(box, el("p", { class: "empty" }, "No point has this cost."));
    };
    let width = 0;
    const watcher = new ResizeObserver(() => {
      if (!box.isConnected) return watcher.disconnect();
      if (box.clientWidth !== width) {
        width = box.clientWidth;
        draw();
      }
      return undefined;
    });
    watcher.observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    const words = shown
      .filter(({ show }) => show)
      .map((curve) => {
        const last = curve.points.at(-1);
        return last ? `${name(curve)} reaches ${ttc.share(last.value)} at k ${last.k}` : "";
      });
    return el(
      "figure",
      { class: "chart-figure", role: "img", "aria-label": `Curves: ${words.join("; ")}` },
      box,
    );
  }

  ttc.pages.curves = async (route) => {
    const { pool: poolName, verifier } = route;
    const pool = await ttc.poolNamed(poolName);
    const overview = await ttc.get("overview", { pool: poolName, verifier });
    const found = await ttc.orReason(
      ttc.get("curves", { pool: poolName, verifier, rules: route.rules }),
    );
    const curves = found.curves ?? [];
    const axis = route.axis ?? "k";
    const log = route.log !== "0";
    const which = route.interval === "draws" ? "draws" : "problems";
    const hidden = new Set((route.hide ?? "").split(",").filter(Boolean).map(ttc.route.decoded));
    const edges = INTERVALS[which];
    const notes = [found.notes ?? [], found.warnings ?? []]
      .flat()
      .map((text) => el("li", {}, ttc.said(text, { most: 600 })));
    const node = el("section", { class: "page" }, [
      ttc.poolHead(route, overview, pool),
      ttc.tabs(route, overview),
      curves.length === 0
        ? [
            ttc.live && rulesField(route, overview),
            ttc.notice(
              "There are no curves",
              found.reason ?? "They need verdicts: run ttc verify on this pool, then look again.",
            ),
          ]
        : [
            tools(route, curves, axis, log, which),
            ttc.live && rulesField(route, overview),
            legend(route, curves, hidden),
            chart(curves, hidden, axis, log, edges),
            notes.length > 0 && el("ul", { class: "notes" }, notes),
            table(curves, hidden, edges, axis),
            ttc.copyable(ttc.command("sweep", poolName)),
          ],
    ]);
    return {
      title: `Curves of ${poolName}`,
      trail: ttc.poolTrail(route, [route, "curves"]),
      node,
      up: { page: "pool", pool: poolName, verifier },
    };
  };
})();
