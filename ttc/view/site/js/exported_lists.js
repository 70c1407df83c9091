// Lists of an exported pool: the facets were computed by Python; here their lists of numbers are
// intersected, ordered and cut into pages.
"use strict";

(() => {
  const { load, place, range, row, text, problemNumber } = ttc.exported;
  const ANSWER = "answer:";
  const ATTEMPTS = ["cancelled", "failed"];
  const OF_DRAWS = /^(correct|wrong|undecided|unjudged|truncated|no-answer|disagree|answer:.*)$/s;

  // Which of `size` numbers are in every list.
  function intersect(size, lists) {
    const times = new Uint8Array(size);
    for (const list of lists) for (const number of list) times[number] += 1;
    const found = [];
    for (let number = 0; number < size; number += 1) {
      if (times[number] === lists.length) found.push(number);
    }
    return found;
  }

  // The numbers that have the facets of a filter, and those of its facets that no list has.
  function filtered(asked, size, lists) {
    const names = ttc.route.facets(asked.filter);
    const answers = names.filter((name) => name.startsWith(ANSWER));
    const plain = names.filter((name) => !name.startsWith(ANSWER));
    const numbers = intersect(
      size,
      plain.map((name) => lists[name] ?? []),
    );
    return { numbers, answers };
  }

  async function kept(numbers, holds) {
    const found = [];
    for (const number of numbers) if (await holds(number)) found.push(number);
    return found;
  }

  function ordered(numbers, size, sort, sorts) {
    if (!sort || sort === "order") return numbers;
    if (sort === "-order") return [...numbers].reverse();
    const order = sorts?.[sort];
    if (!order) return numbers;
    const member = new Uint8Array(size);
    for (const number of numbers) member[number] = 1;
    const first = order.filter((number) => member[number]);
    for (const number of order) member[number] = 0;
    return [...first, ...numbers.filter((number) => member[number])];
  }

  function counted(numbers, size, facets) {
    const member = new Uint8Array(size);
    for (const number of numbers) member[number] = 1;
    const count = (list) => list.reduce((sum, number) => sum + member[number], 0);
    return Object.fromEntries(Object.entries(facets).map(([name, list]) => [name, count(list)]));
  }

  async function paged(asked, numbers, rowOf) {
    const size = Number(asked.size ?? 100);
    const page = Number(asked.page ?? 0);
    const rows = [];
    for (const number of numbers.slice(page * size, (page + 1) * size)) {
      rows.push(await rowOf(number));
    }
    return { total: numbers.length, page, rows };
  }

  // The list of numbers for a filter, a search and a sort, kept for the pages that follow.
  const lists = new Map();
  function listed(kind, asked, make) {
    const { pool, verifier, filter, search, sort, problem } = asked;
    const key = JSON.stringify([kind, pool, verifier, filter, search, sort, problem]);
    if (!lists.has(key)) {
      if (lists.size > 8) lists.delete(lists.keys().next().value);
      lists.set(key, make());
      lists.get(key).catch(() => lists.delete(key));
    }
    return lists.get(key);
  }

  async function searched(at, numbers, search) {
    const hits = new Map();
    for (const [place, number] of numbers.entries()) {
      if (place % 1000 === 0) {
        ttc.working(`searched ${ttc.count(place)} of ${ttc.counted(numbers.length, "draw")}`);
        await new Promise((done) => setTimeout(done));
      }
      const found = [...((await text(at, number)).text ?? "").matchAll(ttc.finder(search))];
      if (found.length > 0) hits.set(number, [found[0], found.length]);
    }
    return hits;
  }

  // Whether a draw gave the answer of a facet; "answer:" is none.
  const answered = ({ judged, answer }, facet) =>
    judged && answer === (facet === ANSWER ? null : facet.slice(ANSWER.length));

  async function drawNumbers(asked) {
    const at = await place(asked);
    const index = await load(`${at.pool}/index`);
    const facets = await load(`${at.root}/facets`);
    const narrowed = filtered(asked, index.draws, facets.draws);
    let numbers = narrowed.numbers;
    if (asked.problem !== undefined) {
      const { from, to } = await range(at, asked.problem);
      numbers = numbers.filter((number) => number >= from && number < to);
    }
    for (const name of narrowed.answers) {
      numbers = await kept(numbers, async (one) => answered(await row("rows", at, one), name));
    }
    const hits = asked.search ? await searched(at, numbers, asked.search) : null;
    if (hits) numbers = [...hits.keys()];
    return {
      at,
      hits,
      facets: counted(numbers, index.draws, facets.draws),
      numbers: ordered(numbers, index.draws, asked.sort, facets.sorts?.draws),
    };
  }

  // The text around the first hit, as the server's excerpt is.
  function around(whole, hit) {
    const before = whole.slice(Math.max(0, hit.index - 50), hit.index);
    const line = (before + whole.slice(hit.index, hit.index + 2000)).trim().split(/\s+/).join(" ");
    return `${hit.index > 50 ? "…" : ""}${line.slice(0, 160)}${line.length > 160 ? "…" : ""}`;
  }

  // Draws that failed or were cancelled: they have no verdict, so no facet of draws.
  async function attempts(asked, names) {
    const at = await place(asked);
    const all = await load(`${at.pool}/attempts`);
    const kinds = new Set(names.filter((name) => ATTEMPTS.includes(name)));
    const rest = names.filter((name) => !ATTEMPTS.includes(name));
    if (kinds.size > 1 || rest.some((name) => OF_DRAWS.test(name))) return [];
    const facets = await load(`${at.root}/facets`);
    const [kind] = kinds;
    return kept(all[kind], async (one) => {
      if (asked.problem !== undefined && one.problem !== asked.problem) return false;
      const number = await problemNumber(at, one.problem);
      return rest.every((name) => (facets.problems[name] ?? []).includes(number));
    });
  }

  ttc.exported.draws = async (asked) => {
    const names = ttc.route.facets(asked.filter);
    if (names.some((name) => ATTEMPTS.includes(name))) {
      return { ...(await paged(asked, await attempts(asked, names), (one) => one)), facets: {} };
    }
    const { at, hits, facets, numbers } = await listed("draws", asked, () => drawNumbers(asked));
    const rowOf = async (number) => {
      const found = await row("rows", at, number);
      if (!hits) return found;
      const whole = (await text(at, number)).text;
      const [first, matches] = hits.get(number);
      return { ...found, excerpt: around(whole, first), matches };
    };
    return { ...(await paged(asked, numbers, rowOf)), facets };
  };

  async function problemNumbers(asked) {
    const at = await place(asked);
    const index = await load(`${at.pool}/index`);
    const facets = await load(`${at.root}/facets`);
    const narrowed = filtered(asked, index.problems, facets.problems);
    let numbers = narrowed.numbers;
    for (const name of narrowed.answers) {
      const there = new Set();
      for (let draw = 0; draw < index.draws; draw += 1) {
        const found = await row("rows", at, draw);
        if (answered(found, name)) there.add(found.problem);
      }
      numbers = numbers.filter((number) => there.has(index.names[number]));
    }
    if (asked.search) {
      const holds = async (number) => {
        const found = await row("problems", at, number);
        const all = `${found.problem}\n${found.searched ?? found.question}`;
        return ttc.finder(asked.search).test(all);
      };
      numbers = await kept(numbers, holds);
    }
    return {
      at,
      facets: counted(numbers, index.problems, facets.problems),
      numbers: ordered(numbers, index.problems, asked.sort, facets.sorts?.problems),
    };
  }

  ttc.exported.problems = async (asked) => {
    const { at, facets, numbers } = await listed("problems", asked, () => problemNumbers(asked));
    const rowOf = async (number) => {
      const { searched: _, ...shown } = await row("problems", at, number);
      return shown;
    };
    return { ...(await paged(asked, numbers, rowOf)), facets };
  };
})();
