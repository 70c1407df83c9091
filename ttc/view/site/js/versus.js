// How far two pools are apart: the difference, its interval and its p.
"use strict";

(() => {
  const { el, svg } = ttc;

  // The difference as a mark with its interval, on an axis around zero.
  function gauge({ difference, low, high }) {
    const span = Math.max(0.05, ...[difference, low, high].filter(ttc.known).map(Math.abs)) * 1.15;
    const at = (value) => `${(50 + (50 * value) / span).toFixed(2)}%`;
    const box = svg("svg", {
      class: "gauge",
      role: "img",
      "aria-label": `Difference ${ttc.signed(difference)}, interval ${ttc.signed(low)} to ${ttc.signed(high)}`,
    });
    box.append(
      svg("line", { class: "gauge-axis", x1: "0%", x2: "100%", y1: 20, y2: 20 }),
      svg("line", { class: "gauge-zero", x1: "50%", x2: "50%", y1: 4, y2: 36 }),
    );
    if (ttc.known(low) && ttc.known(high)) {
      box.append(
        svg("line", { class: "gauge-interval", x1: at(low), x2: at(high), y1: 20, y2: 20 }),
      );
    }
    box.append(svg("circle", { class: "gauge-point", cx: at(difference), cy: 20, r: 6 }));
    return el("div", { class: "gauge-box" }, [
      box,
      el("p", { class: "gauge-ends muted small" }, [
        el("span", {}, "← A is better"),
        el("span", {}, "B is better →"),
      ]),
    ]);
  }

  ttc.headline = (found) => {
    const clear =
      ttc.known(found.low) && ttc.known(found.high) && (found.low > 0 || found.high < 0);
    const other =
      found.verifier_a !== found.verifier_b &&
      el("ul", { class: "notes" }, [
        el("li", {}, [
          "A is judged by ",
          ttc.said(found.verifier_a, { kind: "mono" }),
          ", B by ",
          ttc.said(found.verifier_b, { kind: "mono" }),
          ": part of the difference may be theirs.",
        ]),
      ]);
    const figure = (name, value) => el("div", {}, [el("dt", {}, name), el("dd", {}, value)]);
    return el("div", { class: "versus" }, [
      el("dl", { class: "banner plain" }, [
        figure(
          "Difference, B − A",
          el("span", { class: "big", id: "difference" }, ttc.signed(found.difference)),
        ),
        figure("Interval", `${ttc.signed(found.low)} … ${ttc.signed(found.high)}`),
        figure("p", el("span", { title: found.test }, ttc.pValue(found.p))),
        ttc.known(found.value_a) && figure("A", ttc.share(found.value_a)),
        ttc.known(found.value_b) && figure("B", ttc.share(found.value_b)),
        figure("Problems of both", ttc.count(found.problems)),
      ]),
      gauge(found),
      other,
      el("p", { class: "muted" }, [
        clear
          ? "The interval leaves out zero."
          : "The interval holds zero: these draws do not tell which pool is better.",
        found.test && ` p is by ${ttc.signs(found.test)}.`,
      ]),
      (found.warnings ?? []).length > 0 &&
        el(
          "ul",
          { class: "notes" },
          found.warnings.map((text) => el("li", {}, ttc.said(text, { most: 600 }))),
        ),
    ]);
  };
})();
