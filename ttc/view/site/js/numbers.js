// Numbers, times and commands as people read them. Unknown is a dash, never 0.
"use strict";

(() => {
  const whole = new Intl.NumberFormat("en");
  const UNKNOWN = "–";
  const known = (value) => typeof value === "number" && Number.isFinite(value);

  ttc.known = known;
  ttc.count = (value) => (known(value) ? whole.format(value) : UNKNOWN);
  ttc.counted = (value, one, many = `${one}s`) => `${ttc.count(value)} ${value === 1 ? one : many}`;

  // Four decimals as `ttc sweep` prints them; significant digits for p below that.
  ttc.share = (value) => (known(value) ? value.toFixed(4) : UNKNOWN);
  ttc.percent = (value) => (known(value) ? `${(100 * value).toFixed(1)} %` : UNKNOWN);
  ttc.pValue = (value) => {
    if (!known(value)) return UNKNOWN;
    if (value > 0 && value < 1e-4) return value.toExponential(1);
    return value.toFixed(4);
  };
  ttc.signed = (value) => {
    if (!known(value)) return UNKNOWN;
    return value < 0 ? `−${(-value).toFixed(4)}` : `+${value.toFixed(4)}`;
  };
  ttc.short = (value) => {
    if (!known(value)) return UNKNOWN;
    if (Number.isInteger(value)) return whole.format(value);
    const size = Math.abs(value);
    if (size >= 1000) return whole.format(Math.round(value));
    return size >= 1 ? value.toFixed(1) : value.toPrecision(3);
  };

  const STEPS = [
    [60, "s"],
    [3600, "min"],
    [86400, "h"],
    [86400 * 60, "d"],
  ];
  ttc.ago = (seconds) => {
    if (!known(seconds)) return UNKNOWN;
    const age = Math.max(0, Date.now() / 1000 - seconds);
    if (age < 60) return "just now";
    for (const [at, [limit]] of STEPS.entries()) {
      if (age < limit) return `${Math.floor(age / STEPS[at - 1][0])} ${STEPS[at][1]} ago`;
    }
    return new Date(1000 * seconds).toISOString().slice(0, 10);
  };
  ttc.moment = (seconds) =>
    known(seconds)
      ? new Date(1000 * seconds).toISOString().replace("T", " ").slice(0, 19) + " UTC"
      : "";

  // A word as a shell takes it; $'…' where it holds what cannot be typed.
  const OK = /^[A-Za-z0-9_@%+=:,./-]+$/;
  const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu;
  ttc.quoted = (word) => {
    const text = String(word);
    if (OK.test(text)) return text;
    if (text.search(CONTROL) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
    const hex = (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, "0")}`;
    return `$'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replace(CONTROL, hex)}'`;
  };
  ttc.command = (name, ...words) => {
    const end = words.some((word) => String(word).startsWith("-")) ? ["--"] : [];
    return ["ttc", name, ...end, ...words.map(ttc.quoted)].join(" ");
  };
})();
