// SPDX-License-Identifier: Apache-2.0
// Every method of the board: what it takes, what it gives, and a try.
import { faultCard, h } from "./dom.js";

const levels = { read: ["only reads", "good"], write: ["changes settings", "warn"], chip: ["changes the chip or who may call: it may not be undone", "bad"] };

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

async function showMethod(pane, board, name) {
  const about = await board.call("RPC.Describe", { name });
  const [words, cls] = levels[about.level] ?? [about.level, ""];
  const params = h("textarea", { rows: 6, spellcheck: "false", id: "params" });
  const out = h("div", { "aria-live": "polite" });
  const sure = about.level === "chip" ? h("input", { type: "checkbox", id: "sure" }) : null;
  const button = h("button", { type: "submit", class: "main", disabled: sure != null }, "Call");
  params.value = "{}";
  sure?.addEventListener("change", () => { button.disabled = !sure.checked; });
  const form = h("form", { class: "card", onsubmit: async (event) => {
    event.preventDefault();
    let tree;
    try {
      tree = JSON.parse(params.value || "{}");
    } catch (error) {
      out.replaceChildren(faultCard({ fault: { what: "The parameters are not JSON", why: error.message } }));
      return;
    }
    button.disabled = true;
    const begun = performance.now();
    try {
      const result = await board.call(name, tree);
      out.replaceChildren(h("pre", { tabindex: "0" }, pretty(result)), h("div", { class: "dim" }, `${Math.round(performance.now() - begun)} ms`));
    } catch (error) {
      out.replaceChildren(faultCard(error));
    }
    button.disabled = sure != null && !sure.checked;
  } }, h("h3", { class: "mono" }, name), h("p", { class: cls }, words), about.params && h("p", {}, h("span", { class: "dim" }, "takes "), h("code", {}, about.params)),
    about.result && h("p", {}, h("span", { class: "dim" }, "gives "), h("code", {}, about.result)), h("label", { for: "params" }, "Parameters"), params,
    sure && h("p", {}, sure, " ", h("label", { for: "sure" }, "I know what this does")), h("p", {}, button, " ", h("span", { class: "dim" }, "Ctrl-Enter")), out);
  params.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.ctrlKey && !button.disabled) form.requestSubmit(); });
  pane.replaceChildren(form);
}

export async function methods(el, board) {
  const names = (await board.call("RPC.List")).sort();
  const pane = h("div", {}, h("div", { class: "empty" }, "Choose a method."));
  const filter = h("input", { type: "search", placeholder: "Filter (press /)", "aria-label": "Filter methods" });
  const list = h("ul", { class: "methods" });
  const choose = (name) => {
    for (const b of list.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b.textContent === name));
    showMethod(pane, board, name).catch((error) => pane.replaceChildren(faultCard(error)));
  };
  const all = () => list.replaceChildren(...names.filter((n) => n.toLowerCase().includes(filter.value.toLowerCase())).map((n) => h("li", {}, h("button", { type: "button", "aria-pressed": "false", onclick: () => choose(n) }, n))));
  filter.oninput = all;
  all();
  el.append(h("div", { class: "split" }, h("div", {}, h("div", { class: "tools" }, filter), list), pane));
}
