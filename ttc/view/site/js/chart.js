// Curves with the bands of their intervals, drawn by uPlot; hovering tells the point's figures.
"use strict";

(() => {
  const { el } = ttc;
  const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4], [4, 2, 1, 2]];
  const COLOURS = 6; // --series-1 … of css/charts.css

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  ttc.seriesColour = (at) => colour(`--series-${(at % COLOURS) + 1}`);

  // The x of a point on the axis chosen: k, or one of its costs.
  ttc.xOf = (point, axis) => (axis === "k" ? point.k : (point.cost?.[axis] ?? null));

  function aligned(curves, axis) {
    const tables = curves.map(({ points }) => {
      const known = points.filter(
        (point) => ttc.known(ttc.xOf(point, axis)) && ttc.known(point.value),
      );
      const sorted = known.toSorted((one, other) => ttc.xOf(one, axis) - ttc.xOf(other, axis));
      return {
        points: sorted,
        table: [sorted.map((point) => ttc.xOf(point, axis)), sorted.map((point) => point.value)],
      };
    });
    return { tables, data: uPlot.join(tables.map(({ table }) => table)) };
  }

  function bands(tables, axis, edges) {
    return (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      tables.forEach(({ points }, at) => {
        const held = points.filter(
          (point) => ttc.known(point[edges[0]]) && ttc.known(point[edges[1]]),
        );
        const x = (point) => plot.valToPos(ttc.xOf(point, axis), "x", true);
        const y = (point, edge) => plot.valToPos(point[edge], "y", true);
        if (!plot.series[at + 1].show || held.length === 0) return;
        ctx.fillStyle = ctx.strokeStyle = ttc.seriesColour(at);
        // Under the pointer, one band stands out from the others.
        const lit =
          plot.lit === undefined || plot.lit === null ? 0.1 : plot.lit === at ? 0.24 : 0.03;
        const edge = (name) =>
          held.forEach((point, place) =>
            ctx[place === 0 ? "moveTo" : "lineTo"](x(point), y(point, name)),
          );
        ctx.globalAlpha = lit;
        ctx.beginPath();
        edge(edges[0]);
        held.toReversed().forEach((point) => ctx.lineTo(x(point), y(point, edges[1])));
        ctx.fill();
        ctx.globalAlpha = Math.min(1, 3.5 * lit);
        ctx.lineWidth = devicePixelRatio;
        ctx.beginPath();
        edges.slice(0, 2).forEach(edge);
        if (held.length === 1) {
          edge(edges[0]);
          ctx.lineTo(x(held[0]), y(held[0], edges[1]));
        }
        ctx.stroke();
      });
      ctx.restore();
    };
  }

  function range(tables, edges) {
    const values = tables
      .flatMap(({ points }) =>
        points.flatMap((point) => [point.value, point[edges[0]], point[edges[1]]]),
      )
      .filter(ttc.known);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const pad = Math.max(0.02, (high - low) * 0.06);
    const inside = low >= 0 && high <= 1;
    return [
      inside ? Math.max(0, low - pad) : low - pad,
      inside ? Math.min(1, high + pad) : high + pad,
    ];
  }

  // The point nearest to the pointer, of the curves that are shown.
  function nearest(plot, tables, axis) {
    const { left, top } = plot.cursor;
    let best = null;
    tables.forEach(({ points }, at) => {
      if (!plot.series[at + 1].show) return;
      for (const point of points) {
        const dx = plot.valToPos(ttc.xOf(point, axis), "x") - left;
        const dy = plot.valToPos(point.value, "y") - top;
        // What stands at the pointer's x counts first; of several there, the one that is nearest.
        const distance = dx * dx * 4 + dy * dy;
        if (!best || distance < best.distance) best = { distance, at, point };
      }
    });
    return best;
  }

  function options(box, { curves, tables, axis, log, edges, hover }) {
    const ink = colour("--muted");
    const line = { stroke: colour("--line"), width: 1 };
    const ks = [...new Set(tables.flatMap(({ points }) => points.map((point) => point.k)))].sort(
      (a, b) => a - b,
    );
    const short = (plot, values) => values.map((value) => (value === null ? "" : ttc.short(value)));
    const few =
      ks.length <= 12 && axis === "k" && log
        ? { splits: () => ks, filter: (plot, splits) => splits }
        : {};
    return {
      width: box.clientWidth,
      height: Math.max(280, Math.min(460, Math.round(box.clientWidth * 0.5))),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, ...(log ? { distr: 3, log: axis === "k" ? 2 : 10 } : {}) },
        y: { range: range(tables, edges) },
      },
      axes: [
        {
          stroke: ink,
          grid: line,
          ticks: line,
          values: short,
          label: ttc.axisName(axis),
          labelSize: 20,
          labelGap: 0,
          labelFont: "13px system-ui, sans-serif",
          size: 34,
          ...few,
        },
        {
          stroke: ink,
          grid: line,
          ticks: line,
          size: 54,
          values: (plot, values) => values.map((value) => value.toFixed(2)),
        },
      ],
      series: [
        {},
        ...curves.map(({ selector, show }, at) => ({
          label: selector,
          show,
          stroke: ttc.seriesColour(at),
          width: 2,
          dash: DASHES[at % DASHES.length],
          spanGaps: true,
          points: { show: true, size: 7, fill: colour("--surface") },
        })),
      ],
      hooks: {
        drawAxes: [bands(tables, axis, edges)],
        setCursor: [
          (plot) => {
            const found = plot.cursor.left < 0 ? null : nearest(plot, tables, axis);
            hover(found, plot);
            if ((found?.at ?? null) === (plot.lit ?? null)) return;
            plot.lit = found?.at ?? null;
            plot.redraw(false, false);
          },
        ],
      },
    };
  }

  // Draws into `box`; `hover(found, plot)` is told the point under the pointer. Returns the plot.
  ttc.chart = (box, { curves, axis, log, edges, hover }) => {
    const { tables, data } = aligned(curves, axis);
    if (data[0].length === 0) return null;
    const possible = log && data[0].every((x) => x > 0) && data[0].length > 1;
    const plot = new uPlot(
      options(box, { curves, tables, axis, log: possible, edges, hover }),
      data,
      box,
    );
    return plot;
  };

  const AXES = {
    k: "k, draws of a problem",
    samples: "samples",
    tokens: "tokens",
    latency_tokens: "latency (tokens of the longest draw)",
    uncancelled_tokens: "tokens without cancelling",
    total_tokens: "tokens with the prompt",
    unshared_tokens: "tokens with a prompt per draw",
    seconds: "seconds",
    sequential_seconds: "seconds, one after the other",
    flops: "FLOPs",
    eflops: "eFLOPs",
    usd: "US dollars",
  };
  ttc.axisName = (axis) => AXES[axis] ?? axis;

  // A sample of a curve's stroke for the legend.
  ttc.stroke = (at) => {
    const dash = DASHES[at % DASHES.length].join(" ");
    return ttc.svg(
      "svg",
      { class: `stroke series-${(at % COLOURS) + 1}`, viewBox: "0 0 28 10", "aria-hidden": "true" },
      ttc.svg("line", { x1: 0, y1: 5, x2: 28, y2: 5, "stroke-dasharray": dash || null }),
    );
  };
  ttc.noteAt = (box, plot, found, axis, content) => {
    box.hidden = !found;
    if (!found) return;
    ttc.fill(box, content);
    const left = plot.valToPos(ttc.xOf(found.point, axis), "x") + plot.over.offsetLeft;
    const top = plot.valToPos(found.point.value, "y") + plot.over.offsetTop;
    const flip = left > plot.width / 2;
    box.style.left = `${flip ? Math.max(0, left - box.offsetWidth - 14) : left + 14}px`;
    box.style.top = `${Math.max(0, Math.min(top - box.offsetHeight / 2, plot.height - box.offsetHeight))}px`;
  };
  ttc.chartBox = () => el("div", { class: "chart" });
})();
