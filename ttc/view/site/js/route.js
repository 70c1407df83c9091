// The view is in the URL's fragment: #/draw?pool=math&problem=p1&index=3. A link opens the same
// view, and Back works.
"use strict";

(() => {
  const PAGES = ["pools", "pool", "problem", "draw", "tree", "curves", "compare", "pair"];

  function parse(fragment) {
    const [path, query = ""] = fragment.replace(/^#\/?/, "").split(/\?(.*)/s);
    const page = path === "" ? "pools" : path;
    const route = { page: PAGES.includes(page) ? page : "unknown" };
    for (const [name, value] of new URLSearchParams(query)) {
      if (name !== "page") route[name] = value;
    }
    return route;
  }

  // A link that was typed or cut short may hold a % that encodes nothing: it stands for itself.
  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  function href({ page, ...rest }) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(rest)) {
      if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
    }
    const said = query.toString();
    return `#/${page === "pools" ? "" : page}${said ? `?${said}` : ""}`;
  }

  ttc.route = {
    parse,
    href,
    now: () => parse(location.hash),
    go: (to) => {
      location.hash = href(to);
    },
    // The same view under another setting, without a step for Back.
    replace: (to) => {
      history.replaceState(null, "", href(to));
      window.dispatchEvent(new HashChangeEvent("hashchange"));
    },
    // The facets of `filter`; each is encoded, so that a group's value may hold a comma.
    decoded,
    facets: (filter) => (filter ? filter.split(",").map(decoded) : []),
    filter: (facets) => facets.map(encodeURIComponent).join(","),
  };
})();
