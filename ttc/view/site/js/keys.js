// The keyboard: one table of keys, which the help shows.
"use strict";

(() => {
  const { el } = ttc;
  const KEYS = [
    ["j  ↓", "next row, next card; next draw while one is open (also →)"],
    ["k  ↑", "previous row, card or draw (also ←)"],
    ["Enter", "open the row"],
    ["Esc", "back up: from a draw to its list, from there to the pools"],
    ["/", "search"],
    ["w  u  t  d", "on a pool: only wrong, undecided, truncated, disagreeing"],
    ["]  [", "next, previous problem"],
    ["2  3  4", "on a problem: columns"],
    ["c", "copy the command that shows this draw on the terminal"],
    ["?", "this help"],
  ];

  function help() {
    const box = ttc.byId("help");
    ttc.fill(
      box,
      el("div", { class: "help-head" }, [
        el("h2", { id: "help-title" }, "Keyboard"),
        ttc.button("Close", () => box.close(), { class: "button small" }),
      ]),
      el(
        "dl",
        { class: "keys" },
        KEYS.map(([keys, says]) => [
          el(
            "dt",
            {},
            keys.split("  ").map((key) => [el("kbd", {}, key), " "]),
          ),
          el("dd", {}, says),
        ]),
      ),
    );
    if (!box.open) box.showModal();
  }

  // Moves the focus among the rows or cards of the page.
  function step(by) {
    const rows = [...document.querySelectorAll("main [data-row]")];
    if (rows.length === 0) return false;
    const at = rows.indexOf(document.activeElement);
    const beside = document.querySelector(by > 0 ? '[data-page="next"]' : '[data-page="prev"]');
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
    if (next < 0 || next >= rows.length) {
      if (at >= 0 && beside?.href) beside.click();
      return true;
    }
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
    return true;
  }

  const typing = (target) =>
    target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");

  function search() {
    const field = ttc.byId("search");
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (ttc.byId("help").open) return;
    const { key } = event;
    if (typing(event.target)) {
      if (key === "Escape") event.target.blur();
      return;
    }
    if (handled(key)) event.preventDefault();
  }

  function handled(key) {
    const shown = ttc.shown ?? {};
    if (key === "?") return help() ?? true;
    if (key === "/") return search();
    if (key === "Escape") {
      if (shown.up) ttc.route.go(shown.up);
      return Boolean(shown.up);
    }
    if (shown.act?.(key)) return true;
    // The arrows scroll the page unless a row has the focus.
    const onRow = document.activeElement?.matches("main [data-row]");
    if (key === "j" || (key === "ArrowDown" && onRow)) return step(1);
    if (key === "k" || (key === "ArrowUp" && onRow)) return step(-1);
    return false;
  }

  document.addEventListener("keydown", pressed);
  ttc.byId("help-button").addEventListener("click", help);
})();
