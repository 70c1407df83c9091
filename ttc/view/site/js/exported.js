// The documents of an exported folder: classic scripts that each call ttcDocument(name, document),
// because file:// allows no fetch.
"use strict";

(() => {
  const MOST = 30; // files of rows and texts kept
  const documents = new Map();
  const bulky = [];

  function came(name, content) {
    documents.get(name)?.came(content);
  }
  Object.defineProperty(globalThis, "ttcDocument", { value: came });

  function load(name) {
    if (documents.has(name)) return documents.get(name).promise;
    const entry = {};
    entry.promise = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      entry.came = resolve;
      script.src = `data/${name}.js`;
      script.async = true;
      script.addEventListener("load", () => script.remove());
      script.addEventListener("error", () => {
        script.remove();
        documents.delete(name);
        const says = "is missing: copy the whole folder, or export it again (ttc view --export).";
        reject(new ttc.Refused(`The file data/${name}.js ${says}`));
      });
      document.head.append(script);
    });
    documents.set(name, entry);
    if (/\/(rows|texts|problems|q)-/.test(name)) forget(name);
    return entry.promise;
  }

  function forget(newest) {
    bulky.push(newest);
    if (bulky.length > MOST) documents.delete(bulky.shift());
  }

  // Where a pool's files lie, for the verifier that counts.
  async function place({ pool, verifier }) {
    const found = await ttc.poolNamed(pool);
    const at = Math.max(0, found.verifiers.indexOf(verifier || found.verifier));
    return { number: found.number, pool: `p${found.number}`, root: `p${found.number}/v${at}` };
  }

  async function problemNumber(at, problem) {
    const index = await load(`${at.pool}/index`);
    const number = index.names.indexOf(problem);
    if (number < 0) throw new ttc.Refused(`The pool has no problem ${ttc.signs(String(problem))}.`);
    return number;
  }

  const ROWS = 500; // of a file
  const ASKED = 100; // problems of a file
  async function row(kind, at, number) {
    const file = await load(`${at.root}/${kind}-${Math.floor(number / ROWS)}`);
    return file.rows[number % ROWS];
  }

  // The draws of a problem: their numbers, from `from` up to `to`.
  async function range(at, problem) {
    const index = await load(`${at.pool}/index`);
    const number = await problemNumber(at, problem);
    return { from: index.firsts[number], to: index.firsts[number + 1] ?? index.draws };
  }

  function fileOf(starts, number) {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= number) low = middle;
      else high = middle;
    }
    return low;
  }

  async function text(at, number) {
    const { texts } = await load(`${at.pool}/index`);
    const file = fileOf(texts, number);
    const { shared, draws } = await load(`${at.pool}/texts-${file}`);
    return { ...shared, ...draws[number - texts[file]] };
  }

  async function draw(parameters) {
    const at = await place(parameters);
    const { from, to } = await range(at, parameters.problem);
    for (let number = from; number < to; number += 1) {
      if ((await row("rows", at, number)).index === Number(parameters.index))
        return text(at, number);
    }
    return attempted(at, parameters);
  }

  // A draw that failed or was cancelled has no text of its own in the folder but its excerpt.
  async function attempted(at, { pool, problem, index }) {
    const attempts = await load(`${at.pool}/attempts`);
    const found = Object.values(attempts)
      .flat()
      .find((one) => one.problem === problem && one.index === Number(index));
    if (!found) throw new ttc.Refused(`The problem has no draw ${index}.`);
    return { pool, ...found, text: found.excerpt, verdicts: [] };
  }

  // A document that could not be made holds the reason instead.
  async function made(name) {
    const found = await load(name);
    if (found.error) throw new ttc.Refused(found.error);
    return found;
  }

  async function compare({ a, b }) {
    const [one, other] = [await ttc.poolNamed(a), await ttc.poolNamed(b)];
    if (one.number > other.number) return turned(await compare({ a: b, b: a }));
    const { compared } = await load("pools");
    if (!compared.some(([x, y]) => x === one.number && y === other.number)) {
      const says = ttc.command("view", a, b, "--export", "FOLDER");
      throw new ttc.Refused(`This export does not compare these two pools; ${says} does.`);
    }
    return made(`compare-${one.number}-${other.number}`);
  }

  // A comparison seen from the other side.
  const turned = (found) => ({
    ...found,
    a: found.b,
    b: found.a,
    value_a: found.value_b,
    value_b: found.value_a,
    verifier_a: found.verifier_b,
    verifier_b: found.verifier_a,
    difference: -found.difference,
    low: ttc.known(found.high) ? -found.high : found.high,
    high: ttc.known(found.low) ? -found.low : found.low,
    only_a: found.only_b,
    only_b: found.only_a,
    flipped: found.flipped.map((row_) => ({
      ...row_,
      a: row_.b,
      b: row_.a,
      number_a: row_.number_b,
      number_b: row_.number_a,
    })),
  });

  const readers = {
    pools: () => load("pools"),
    overview: async (asked) => load(`${(await place(asked)).root}/overview`),
    curves: async (asked) => made(`${(await place(asked)).root}/curves`),
    problem: async (asked) => {
      const at = await place(asked);
      const number = await problemNumber(at, asked.problem);
      const file = await load(`${at.root}/q-${Math.floor(number / ASKED)}`);
      return file.problems[number % ASKED];
    },
    tree: async (asked) => {
      const at = await place(asked);
      return load(`${at.pool}/t${await problemNumber(at, asked.problem)}`);
    },
    draw,
    compare,
    draws: (asked) => ttc.exported.draws(asked),
    problems: (asked) => ttc.exported.problems(asked),
  };

  ttc.exported = {
    load,
    place,
    range,
    row,
    text,
    problemNumber,
    get: (name, parameters) => readers[name](parameters),
  };
})();
