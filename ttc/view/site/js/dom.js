// Building blocks of the page. Text reaches the document through text nodes alone: nothing here
// parses markup, so what a model wrote is shown and never run.
"use strict";

const ttc = { pages: {} };

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const FORBIDDEN = new Set(["style", "srcdoc", "src", "innerHTML"]);

  function append(node, children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  }

  function set(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (FORBIDDEN.has(name)) throw new Error(`${name} is not set by this page`);
      if (name === "on") {
        for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
      } else if (name === "href" && !String(value).startsWith("#")) {
        throw new Error("links of this page lead to this page");
      } else {
        node.setAttribute(name, value === true ? "" : String(value));
      }
    }
    return node;
  }

  // An element with attributes (`on: {click}` adds listeners) and children; null ones are skipped.
  ttc.el = (tag, attributes = {}, ...children) =>
    append(set(document.createElement(tag), attributes), children);

  ttc.svg = (tag, attributes = {}, ...children) =>
    append(set(document.createElementNS(SVG, tag), attributes), children);

  ttc.fill = (node, ...children) => {
    node.replaceChildren();
    return append(node, children);
  };

  ttc.button = (label, click, attributes = {}) =>
    ttc.el("button", { type: "button", class: "button", ...attributes, on: { click } }, label);

  ttc.link = (to, attributes, ...children) =>
    ttc.el("a", { ...attributes, href: ttc.route.href(to) }, ...children);

  ttc.byId = (id) => document.getElementById(id);

  // Says what a long wait is for; app.js takes it away with the bar.
  ttc.working = (text) => {
    ttc.byId("progress-says").textContent = text;
  };

  // Tells those who cannot see the page what changed.
  ttc.announce = (text) => {
    ttc.byId("status").textContent = text;
  };
})();
