// Text of models, files and people: control characters become visible signs, runs that a search
// found are marked, and the direction of a text is kept to its own box.
"use strict";

(() => {
  // The same characters as in ttc/messages/visible.py: C0 but tab and newline, DEL, C1, what is
  // never seen, direction marks and overrides, tags, lone surrogates.
  const HIDDEN =
    "\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5" +
    "\\u180b-\\u180f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff" +
    "\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}" +
    "\\u{e0000}-\\u{e0fff}";
  // Joiners and variation selectors belong to emoji and to many scripts; elsewhere they hide text.
  const PLAIN = "\\u0000-\\u007f";
  const LOOSE = `(?<![^${PLAIN}])[\\u200c\\u200d]|[\\u200c\\u200d](?![^${PLAIN}])`;
  const RUNS = new RegExp(`(?:(?!\\r\\n)[${HIDDEN}]|${LOOSE})+`, "gu");
  const MOST_RUNS = 2000; // of one piece as elements of their own; beyond, signs without a box
  const NAMES = {
    0x7f: "DEL",
    0xad: "SHY",
    0x61c: "ALM",
    0x200b: "ZWSP",
    0x200c: "ZWNJ",
    0x200d: "ZWJ",
    0x200e: "LRM",
    0x200f: "RLM",
    0x2028: "LSEP",
    0x2029: "PSEP",
    0x202a: "LRE",
    0x202b: "RLE",
    0x202c: "PDF",
    0x202d: "LRO",
    0x202e: "RLO",
    0x2060: "WJ",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0xfeff: "BOM",
  };

  const C0 = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB " +
    "CAN EM SUB ESC FS GS RS US"
  ).split(" ");

  // Names, because few fonts have Unicode's pictures of control characters.
  function sign(character) {
    const code = character.codePointAt(0);
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    return `⟨${C0[code] ?? NAMES[code] ?? `U+${hex}`}⟩`;
  }

  ttc.signs = (text) => text.replace(RUNS, (run) => Array.from(run, sign).join(""));

  // A regular expression that finds a search, without regard to case; null if there is none.
  ttc.finder = (search) =>
    search ? new RegExp(search.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu") : null;

  function* withSigns(text) {
    const runs = [...text.matchAll(RUNS)];
    if (runs.length > MOST_RUNS) {
      yield document.createTextNode(ttc.signs(text));
      return;
    }
    let at = 0;
    for (const run of runs) {
      if (run.index > at) yield document.createTextNode(text.slice(at, run.index));
      const title = [...new Set(Array.from(run[0], (one) => one.codePointAt(0).toString(16)))]
        .slice(0, 8)
        .map((hex) => `U+${hex.toUpperCase().padStart(4, "0")}`)
        .join(" ");
      yield ttc.el("span", { class: "sign", title }, Array.from(run[0], sign).join(""));
      at = run.index + run[0].length;
    }
    if (at < text.length) yield document.createTextNode(text.slice(at));
  }

  // The nodes that show a text: plain text, signs, and the hits of a search as <mark>.
  ttc.nodes = (text, finder = null) => {
    const nodes = [];
    let at = 0;
    for (const hit of finder ? text.matchAll(finder) : []) {
      if (!hit[0]) continue;
      nodes.push(...withSigns(text.slice(at, hit.index)));
      nodes.push(ttc.el("mark", {}, [...withSigns(hit[0])]));
      at = hit.index + hit[0].length;
    }
    nodes.push(...withSigns(text.slice(at)));
    return nodes;
  };

  const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

  // A short text on one line, isolated from the direction of its neighbours.
  ttc.said = (value, { most = 200, search = "", kind = "" } = {}) => {
    if (value === null || value === undefined) return ttc.el("span", { class: "muted" }, "–");
    const whole = asText(value);
    const line = whole.replace(/[ \t\r\n]+/g, " ").trim();
    const letters = line.length > most ? Array.from(line.slice(0, 2 * most + 2)) : [];
    const shown = letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
    const title = whole.length > most ? ttc.signs(whole.slice(0, 1000)) : null;
    if (shown === "") return ttc.el("span", { class: "muted" }, "(empty)");
    return ttc.el("bdi", { class: `said ${kind}`, title }, ttc.nodes(shown, ttc.finder(search)));
  };

  // A reference is an object {answer: "18"} in most data; its answer says it best.
  ttc.reference = (value) => {
    if (value === null || value === undefined) return null;
    const one = typeof value === "object" && !Array.isArray(value) ? Object.values(value) : [value];
    if (one.length === 0) return null;
    return one.length === 1 ? asText(one[0]) : asText(value);
  };
})();
