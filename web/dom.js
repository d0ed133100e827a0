// SPDX-License-Identifier: Apache-2.0
// Small helpers to make elements. Text only ever becomes text: nothing here parses HTML.

// h("button", {class: "main", onclick: f}, "Save", other)
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value === true) el.setAttribute(name, "");
    else if (value !== false && value != null) el.setAttribute(name, value);
  }
  el.append(...children.flat(3).filter((c) => c != null && c !== false));
  return el;
}

export const $ = (id) => document.getElementById(id);

export function toast(text) {
  const el = h("div", {}, text);
  $("toasts").append(el);
  setTimeout(() => el.remove(), 4000);
}

// An error as the tool says it: what, why, what to do.
export function faultCard(error) {
  const f = error.fault ?? { code: "", what: error.message ?? String(error), why: "", next: "" };
  return h("div", { class: "fault", role: "alert" }, h("strong", { class: "bad" }, f.what), f.why && h("div", { class: "why" }, f.why),
    f.next && h("div", {}, "→ ", f.next), f.code && h("div", { class: "dim mono" }, f.code));
}

export function facts(rows) {
  return h("dl", {}, rows.filter((r) => r && r[1] != null && r[1] !== "").map(([name, value, cls]) =>
    [h("dt", {}, name), h("dd", { class: cls ?? "" }, value instanceof Node ? value : String(value))]));
}

export function card(title, ...children) {
  return h("section", { class: "card" }, h("h3", {}, title), ...children);
}

// Asks before something that cannot be undone.
export function confirmed(text) {
  const dialog = $("ask");
  $("ask-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

export function duration(s) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = parts.findIndex(([n]) => s >= n);
  if (at < 0) return "0 s";
  return parts.slice(at, at + 2).map(([n, unit], i) => `${Math.floor((i ? s % parts[at][0] : s) / n)} ${unit}`).join(" ");
}

export const bytes = (n) => (n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KB` : `${(n / 1048576).toFixed(1)} MB`);

export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
