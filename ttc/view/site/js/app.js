// Shows the page that the URL's fragment names, and says so when that fails.
"use strict";

(() => {
  const { el } = ttc;
  const main = ttc.byId("main");
  const bar = ttc.byId("progress");
  const SLOW = 150; // ms, after which the bar shows that something is under way
  const places = new Map(); // how far down the reader was, by view
  let turn = 0;
  let before = null;

  function trail(steps) {
    const parts = [[{ page: "pools" }, "pools"], ...steps];
    ttc.fill(
      ttc.byId("trail"),
      parts.map(([to, name], at) => {
        const last = at === parts.length - 1;
        return [
          at > 0 && el("span", { class: "trail-gap", "aria-hidden": "true" }, "/"),
          ttc.link(to, { "aria-current": last ? "page" : null }, ttc.said(name, { most: 48 })),
        ];
      }),
    );
  }

  function failed(error) {
    const refused = error instanceof ttc.Refused;
    const title = refused ? "This cannot be shown" : "The page has a fault";
    const box = ttc.notice(
      title,
      ttc.signs(String(refused ? error.message : (error.stack ?? error))),
      "error",
    );
    box.append(
      el("p", {}, [
        ttc.button(
          "Try again",
          () => {
            ttc.forget();
            show();
          },
          { class: "button primary" },
        ),
        " ",
        ttc.link({ page: "pools" }, { class: "button" }, "All pools"),
      ]),
    );
    if (!refused) console.error(error);
    return { title, trail: [], node: box, up: { page: "pools" } };
  }

  async function made(route) {
    try {
      const page = ttc.pages[route.page];
      if (!page) throw new ttc.Refused("There is no such page: the link may be cut short.");
      return await page(route);
    } catch (error) {
      return failed(error);
    }
  }

  // Where the focus goes: a field or row that had it keeps it, else the page as a whole.
  function focusBack(held) {
    const same =
      held &&
      (held.id
        ? ttc.byId(held.id)
        : held.facet
          ? main.querySelector(`[data-facet="${CSS.escape(held.facet)}"]`)
          : null);
    if (same) same.focus({ preventScroll: true });
    else main.focus({ preventScroll: true });
  }

  const holder = () => {
    const active = document.activeElement;
    return active && main.contains(active) && active !== main
      ? { id: active.id, facet: active.dataset.facet }
      : null;
  };

  async function show() {
    const mine = ++turn;
    const route = ttc.route.now();
    const fragment = location.hash;
    if (before !== null) places.set(before, scrollY);
    const waiting = setTimeout(() => (bar.hidden = false), SLOW);
    const page = await made(route);
    clearTimeout(waiting);
    if (mine !== turn) return;
    bar.hidden = true;
    ttc.working("");
    const held = holder();
    const samePage = before !== null && ttc.route.parse(before).page === route.page;
    before = fragment;
    ttc.shown = page;
    trail(page.trail);
    document.title = `${ttc.signs(String(page.title))} · ttc view`;
    ttc.fill(main, page.node);
    focusBack(held);
    scrollTo(0, places.get(fragment) ?? (samePage && held ? scrollY : 0));
    main.querySelector(".near-line.on")?.scrollIntoView({ block: "nearest" });
    ttc.announce(page.says ?? String(page.title));
    main.dataset.view = fragment;
  }

  ttc.byId("skip").addEventListener("click", () => main.focus());
  addEventListener("hashchange", show);
  show();
})();
