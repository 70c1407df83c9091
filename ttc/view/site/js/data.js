// Documents from the server that `ttc view` started, or from an exported folder.
"use strict";

(() => {
  const MOST = 200; // documents kept
  const FRESH = 30_000; // ms; a run may be adding draws
  const kept = new Map();
  const live = document.documentElement.dataset.mode === "live";

  class Refused extends Error {}
  ttc.Refused = Refused;
  ttc.live = live;

  async function fetched(name, parameters) {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(parameters)) {
      if (value !== null && value !== undefined && value !== "") query.set(key, String(value));
    }
    let response;
    try {
      response = await fetch(`api/${name}?${query}`, { headers: { Accept: "application/json" } });
    } catch {
      throw new Refused("The server does not answer: ttc view has ended. Start ttc view again.");
    }
    const text = await response.text();
    let document_;
    try {
      document_ = JSON.parse(text);
    } catch {
      document_ = null;
    }
    if (response.ok && document_ !== null) return document_;
    throw new Refused(document_?.error ?? sentence(response.status));
  }

  function sentence(status) {
    if (status === 401 || status === 403) {
      return "The server does not know this browser: open the whole address that ttc view printed.";
    }
    return `The server answered with status ${status}. Start ttc view again, or see what it printed.`;
  }

  const ask = (name, parameters) =>
    live ? fetched(name, parameters) : ttc.exported.get(name, parameters);

  // The document `name` for these parameters; asked for once, while it is kept.
  ttc.get = (name, parameters = {}) => {
    const key = JSON.stringify([name, parameters]);
    const found = kept.get(key);
    kept.delete(key);
    if (found && (!live || performance.now() - found.at < FRESH)) {
      kept.set(key, found);
      return found.asked;
    }
    const asked = ask(name, parameters);
    kept.set(key, { asked, at: performance.now() });
    asked.catch(() => kept.delete(key));
    if (kept.size > MOST) kept.delete(kept.keys().next().value);
    return asked;
  };

  // A document, or {reason} where there is none: the page around it is shown all the same.
  ttc.orReason = (asked) =>
    asked.catch((error) => {
      if (error instanceof Refused) return { reason: error.message };
      throw error;
    });

  ttc.forget = () => kept.clear();

  // One pool of the list; says so if there is none of that name.
  ttc.poolNamed = async (name) => {
    const { pools } = await ttc.get("pools");
    const found = pools.find((one) => one.pool === name);
    if (!found) throw new Refused(`There is no pool ${ttc.signs(String(name ?? ""))} here.`);
    return found;
  };

  // The row at a position of a list, from the page of rows that holds it, and the total.
  ttc.PAGE = 100;
  ttc.rowAt = async (name, parameters, position) => {
    const page = Math.floor(position / ttc.PAGE);
    const found = await ttc.get(name, { ...parameters, page, size: ttc.PAGE });
    return { total: found.total, rows: found.rows, page, row: found.rows[position % ttc.PAGE] };
  };
})();
