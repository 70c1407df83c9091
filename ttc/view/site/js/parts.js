// Parts that several pages share: verdicts, bars, tags, commands to copy, pagers, notices.
"use strict";

(() => {
  const { el, svg } = ttc;

  const VERDICTS = {
    true: ["right", "✓", "correct"],
    false: ["wrong", "✗", "wrong"],
    null: ["open", "?", "undecided"],
  };
  ttc.verdict = (correct, { words = false } = {}) => {
    const [kind, sign, word] = VERDICTS[String(correct ?? null)];
    return el("span", { class: `verdict ${kind}`, title: word }, [
      el("span", { "aria-hidden": "true" }, sign),
      el("span", { class: words ? "" : "sr-only" }, words ? ` ${word}` : word),
    ]);
  };

  // A bar of parts [kind, amount], as wide as its box; `label` says it in words.
  ttc.bar = (parts, total, label, kind = "") => {
    const box = svg("svg", { class: `bar ${kind}`, role: "img", "aria-label": label });
    box.append(svg("title", {}, label));
    box.append(svg("rect", { class: "bar-ground", width: "100%", height: "100%" }));
    let at = 0;
    for (const [part, amount] of parts) {
      if (!(amount > 0) || !(total > 0)) continue;
      const width = (100 * amount) / total;
      box.append(
        svg("rect", { class: `bar-${part}`, x: `${at}%`, width: `${width}%`, height: "100%" }),
      );
      at += width;
    }
    return box;
  };

  ttc.correctBar = ({ correct, wrong, undecided, draws }) => {
    const parts = [
      ["right", correct],
      ["wrong", wrong],
      ["open", undecided],
    ];
    return ttc.bar(parts, draws, `${ttc.count(correct)} of ${ttc.counted(draws, "draw")} correct`);
  };

  ttc.tag = (text, kind = "", title = null) => el("span", { class: `tag ${kind}`, title }, text);

  const FLAGS = [
    ["undecided", "undecided"],
    ["truncated", "truncated"],
    ["disagree", "disagree"],
    ["cancelled", "cancelled"],
    ["no-answer", "no answer"],
  ];
  ttc.flags = (row) =>
    FLAGS.filter(([name]) => row[name] > 0).map(([name, word]) =>
      ttc.tag(`${ttc.count(row[name])} ${word}`, "quiet"),
    );

  ttc.groupTags = (groups) =>
    Object.entries(groups ?? {}).map(([key, value]) =>
      el("span", { class: "tag group" }, [
        ttc.said(key, { most: 30 }),
        " ",
        ttc.said(value, { most: 40 }),
      ]),
    );

  ttc.finish = (reason) => {
    if (reason === "stop" || !reason) return el("span", { class: "muted" }, reason ?? "–");
    const words = { length: "truncated" };
    return ttc.tag(words[reason] ?? reason, "warn", `finish reason: ${reason}`);
  };

  // A command with a button that copies it.
  ttc.copyable = (command) => {
    const button = ttc.button(
      "Copy",
      async () => {
        const done = await copied(command);
        button.textContent = done ? "Copied" : "Select it";
        ttc.announce(done ? "Copied" : "The browser refused; select the command and copy it");
        setTimeout(() => (button.textContent = "Copy"), 1500);
      },
      { class: "button small", "data-copy": command, "aria-label": `Copy ${command}` },
    );
    return el("div", { class: "command" }, [el("code", {}, ttc.signs(command)), button]);
  };

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not a secure context (file:// in some browsers): the older way.
      const area = el("textarea", { class: "sr-only", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }
  ttc.copied = copied;

  // "1–100 of 2,345" with links to the pages before and after.
  ttc.pager = (route, page, total, name = "p") => {
    const last = Math.max(0, Math.ceil(total / ttc.PAGE) - 1);
    const from = page * ttc.PAGE + 1;
    const to = Math.min(total, (page + 1) * ttc.PAGE);
    const step = (label, at, rel) =>
      at < 0 || at > last
        ? el("span", { class: "button disabled", "aria-disabled": "true" }, label)
        : ttc.link(
            { ...route, [name]: at || null },
            { class: "button", rel, "data-page": rel },
            label,
          );
    return el("nav", { class: "pager", "aria-label": "Pages" }, [
      step("‹ Previous", page - 1, "prev"),
      el("span", {}, `${ttc.count(from)}–${ttc.count(to)} of ${ttc.count(total)}`),
      step("Next ›", page + 1, "next"),
      last > 1 && jump(route, page, last, name),
    ]);
  };

  function jump(route, page, last, name) {
    const field = el("input", {
      type: "number",
      min: 1,
      max: last + 1,
      value: page + 1,
      class: "page-field",
      "aria-label": "Page",
      on: {
        change: () => {
          const at = Math.min(last, Math.max(0, Number(field.value) - 1 || 0));
          ttc.route.go({ ...route, [name]: at || null });
        },
      },
    });
    return el("label", { class: "jump" }, ["page ", field, ` of ${ttc.count(last + 1)}`]);
  }

  ttc.notice = (title, text, kind = "") =>
    el("section", { class: `notice ${kind}`, role: kind === "error" ? "alert" : null }, [
      el("h2", {}, title),
      text && el("p", {}, text),
    ]);

  ttc.select = (label, options, chosen, change, attributes = {}) => {
    const field = el("select", { on: { change: () => change(field.value) }, ...attributes });
    for (const [value, text] of options) {
      field.append(el("option", { value, selected: value === chosen }, ttc.signs(text)));
    }
    return el("label", { class: "field" }, [el("span", {}, label), field]);
  };

  ttc.fold = (summary, body, { open = false, kind = "" } = {}) =>
    el("details", { class: `fold ${kind}`, open }, [el("summary", {}, summary), body]);

  // Names and values; values that are unknown are left out.
  ttc.facts = (pairs, kind = "") =>
    el(
      "dl",
      { class: `facts ${kind}` },
      pairs
        .filter((pair) => pair && pair[1] !== null && pair[1] !== undefined)
        .map(([name, value, more]) => [el("dt", {}, name), el("dd", more ?? {}, value)]),
    );

  ttc.setting = (value) =>
    value === null || value === undefined
      ? el("span", { class: "muted" }, "none")
      : ttc.said(value, { most: 120, kind: "mono" });
})();
