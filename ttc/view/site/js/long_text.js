// A long text in pieces: the first at once, the others as the reader comes near them, so that a
// megabyte does not hold the page up.
"use strict";

(() => {
  const PIECE = 16000; // characters
  const LINE_WITHIN = 4000; // a piece ends at a line's end if there is one so near

  // Where the piece that begins at `at` ends: never between a surrogate pair.
  function end(text, at) {
    let to = Math.min(at + PIECE, text.length);
    if (to === text.length) return to;
    const line = text.lastIndexOf("\n", to);
    if (line > to - LINE_WITHIN && line > at) return line + 1;
    const code = text.charCodeAt(to - 1);
    if (code >= 0xd800 && code <= 0xdbff) to -= 1;
    return to;
  }

  // Show `text` in a new <div>. Where the document holds only its beginning, `more()` brings the
  // next part, or null after the last; `length` is then the length of the whole.
  ttc.longText = (text, { search = "", label = "Text", more = null, length = null } = {}) => {
    const finder = ttc.finder(search);
    const box = ttc.el("div", { class: "text", role: "group", "aria-label": label });
    const foot = ttc.el("p", { class: "text-more", hidden: true });
    let whole = text;
    let at = 0;
    let ended = more === null;

    function tell() {
      const absent = Math.max(0, (length ?? 0) - whole.length);
      foot.hidden = at >= whole.length && ended && absent === 0;
      const says = `${ttc.count(absent + whole.length - at)} more characters`;
      if (foot.hidden) ttc.fill(foot);
      else if (at >= whole.length && ended)
        ttc.fill(foot, `${says} are not shown here; ttc show prints them.`);
      else ttc.fill(foot, ttc.button("Show more", next, { class: "button small" }), " ", says);
    }

    function show() {
      const to = end(whole, at);
      let piece = whole.slice(at, to);
      const joined = at > 0 && whole[at - 1] !== "\n";
      if (piece.endsWith("\n") && to < whole.length) piece = piece.slice(0, -1);
      const block = ttc.el("div", { class: joined ? "piece joined" : "piece" });
      block.append(...ttc.nodes(piece, finder));
      foot.before(block);
      at = to;
      tell();
    }

    async function next() {
      if (at < whole.length) return show();
      if (ended) return undefined;
      const add = await more();
      ended = add === null;
      whole += add ?? "";
      return ended ? tell() : show();
    }

    box.append(foot);
    if (text === "") box.append(ttc.el("span", { class: "muted" }, "(empty)"));
    else show();
    watch(foot, () => at < whole.length && show());
    return box;
  };

  function watch(foot, near) {
    const watcher = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near();
        // What is shown may be short of the screen still: ask again.
        watcher.unobserve(foot);
        if (foot.isConnected && !foot.hidden) requestAnimationFrame(() => watcher.observe(foot));
      },
      { rootMargin: "800px" },
    );
    watcher.observe(foot);
  }
})();
