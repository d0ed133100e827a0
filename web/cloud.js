// SPDX-License-Identifier: Apache-2.0
// What happens in the cloud on this computer, as limpet cloud watch shows it.
import { h } from "./dom.js";
import { call, on } from "./rpc.js";

const EVENTS_MAX = 500;
const kept = [];
let listener = null;

on("Tool.Cloud", ({ events }) => {
  kept.unshift(...events.reverse());
  kept.length = Math.min(kept.length, EVENTS_MAX);
  listener?.();
});

const classes = { refused: "bad", kick: "bad", connect: "good", disconnect: "dim" };

function what(e) {
  if (e.type !== "publish") return [e.topic, e.reason].filter(Boolean).join("  ");
  return h("div", {}, h("code", {}, e.topic), h("span", { class: "dim" }, ` QoS ${e.qos ?? 0}${e.acknowledged ? ", acknowledged" : ""}`), e.payload && h("pre", {}, e.payload));
}

function row(e) {
  return h("tr", {}, h("td", { class: "mono dim" }, (e.time ?? "").slice(11, 23)), h("td", { class: classes[e.type] ?? "" }, e.type), h("td", {}, e.client_id ?? ""), h("td", {}, what(e)));
}

export async function cloud(el) {
  const info = await call(null, "Tool.Info");
  const filter = h("input", { type: "search", class: "grow", placeholder: "Filter (press /)", "aria-label": "Filter" });
  const kind = h("select", { "aria-label": "Kind" }, ["everything", "publish", "connect", "refused"].map((k) => h("option", { value: k }, k)));
  const body = h("tbody");
  const none = h("div", { class: "empty" }, info.has_cloud ? "It runs; what happens there appears here." : h("span", {}, "No cloud runs on this computer: ", h("code", {}, "limpet cloud up")));
  const show = () => {
    const words = filter.value.toLowerCase();
    const list = kept.filter((e) => (kind.value === "everything" || e.type === kind.value) && (!words || JSON.stringify(e).toLowerCase().includes(words)));
    body.replaceChildren(...list.map(row));
    none.hidden = list.length > 0;
  };
  filter.oninput = kind.onchange = show;
  el.append(h("div", { class: "tools" }, filter, kind), h("div", { class: "card" }, h("table", { "aria-live": "off" }, h("thead", {}, h("tr", {}, ["Time", "What", "Who", ""].map((t) => h("th", {}, t)))), body), none));
  show();
  listener = show;
  return () => { listener = null; };
}
