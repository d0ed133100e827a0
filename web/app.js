// SPDX-License-Identifier: Apache-2.0
// Boards on the left, one view of the chosen board on the right. A view is a function that fills an element and may return what
// is to be done when it is left.
import { $, h, faultCard, toast } from "./dom.js";
import { call, connect, on } from "./rpc.js";
import { cloud } from "./cloud.js";
import { files } from "./files.js";
import { logs, keepLog } from "./logs.js";
import { methods } from "./methods.js";
import { overview } from "./overview.js";
import { settings } from "./settings.js";

const views = { overview: ["Overview", overview], log: ["Log", logs], settings: ["Settings", settings], files: ["Files", files], methods: ["Methods", methods], cloud: ["Local cloud", cloud] };
const extra = new Map(); // boards that were searched for or typed in
const states = new Map(); // port -> {state, where, has_log, fault}
let found = [];
let chosen = null;
let leave = null;

const viewName = () => (location.hash.slice(1) in views ? location.hash.slice(1) : "overview");

function showNav() {
  $("nav").replaceChildren(...Object.entries(views).map(([name, [title]]) =>
    h("a", { href: `#${name}`, "aria-current": name === viewName() ? "page" : null }, title)));
}

function showState() {
  const s = states.get(chosen);
  const pill = $("state");
  pill.textContent = !chosen || viewName() === "cloud" ? "" : s ? { open: `connected · ${s.where}`, away: "away; waiting for it", closed: "not connected" }[s.state] : "connecting…";
  pill.className = `pill ${s?.state === "open" ? "good" : s ? "warn" : ""}`;
}

function show() {
  const name = viewName();
  leave?.();
  leave = null;
  showNav();
  showState();
  $("title").textContent = name === "cloud" ? "Local cloud" : chosen ? `${views[name][0]} · ${chosen}` : "Limpet";
  document.title = `${views[name][0]} · Limpet`;
  const view = $("view");
  view.replaceChildren();
  if (name !== "cloud" && !chosen) {
    view.append(h("div", { class: "empty" }, h("p", {}, "Plug a board in, or start one on this computer:"), h("p", {}, h("code", {}, "limpet new my-sensor && limpet run my-sensor")), h("p", {}, "It appears on the left by itself.")));
    return;
  }
  if (name !== "cloud" && states.get(chosen)?.state === "closed") {
    showClosed(states.get(chosen));
    return;
  }
  const board = { port: chosen, state: states.get(chosen), call: (method, params) => call(chosen, method, params) };
  const mine = h("div");
  view.append(mine);
  Promise.resolve(views[name][1](mine, board)).then((fn) => (mine.isConnected ? (leave = fn ?? null) : fn?.()), (error) => mine.prepend(faultCard(error)));
}

async function choose(port) {
  chosen = port;
  states.delete(port);
  showBoards();
  const known = await call(null, "Tool.State", { port }).catch(() => ({})); // another page may have opened it
  if (known.state && chosen === port) states.set(port, known);
  show();
  call(port, "RPC.Ping").catch(() => {}); // opens it; Tool.Board says what is wrong
}

// A board that was let go of, or that could not be opened.
function showClosed(s) {
  leave?.();
  leave = null;
  $("view").replaceChildren(s.fault ? faultCard({ fault: s.fault }) : h("p", {}, "This page has let go of the port; other programs can have it."),
    h("button", { type: "button", class: "main", onclick: () => choose(s.port) }, s.fault ? "Try again" : "Connect"));
}

function showBoards() {
  const all = [...found, ...extra.values()].filter((b, i, list) => list.findIndex((c) => c.port === b.port) === i);
  $("boards").replaceChildren(...(all.length ? all.map((b) => h("li", {}, h("button", { type: "button", "aria-pressed": String(b.port === chosen), onclick: () => choose(b.port) },
    b.id || b.port, h("small", {}, b.about)))) : [h("li", { class: "dim" }, "none seen yet")]));
}

async function look() {
  try {
    const now = await call(null, "Tool.Devices");
    if (JSON.stringify(now) !== JSON.stringify(found)) {
      found = now;
      showBoards();
    }
    if (!chosen && found.length === 1) choose(found[0].port);
  } catch { /* the banner says it */ }
}

$("search").onclick = async () => {
  $("search").disabled = true;
  const near = await call(null, "Tool.Network").catch(() => []);
  for (const b of near) extra.set(b.port, b);
  $("search").disabled = false;
  toast(near.length ? `${near.length} found on the network` : "no board answers on the network");
  showBoards();
};
$("add").onsubmit = (event) => {
  event.preventDefault();
  const port = $("address").value.trim();
  if (!port) return;
  extra.set(port, { port, id: "", about: "typed in" });
  $("address").value = "";
  choose(port);
};
$("theme").onclick = () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.theme = document.documentElement.dataset.theme = dark ? "light" : "dark";
};
if (localStorage.theme) document.documentElement.dataset.theme = localStorage.theme;

on("Tool.Log", keepLog);
on("Tool.Board", (s) => {
  const before = states.get(s.port)?.state;
  states.set(s.port, s);
  showState();
  if (s.port !== chosen || viewName() === "cloud") return;
  if (s.state === "closed") showClosed(s);
  else if (s.state === "open" && before === "away") show();
});
on("connection", (is) => {
  $("banner").hidden = is;
  $("banner").textContent = "limpet ui has ended. Start it again and open the address that it prints.";
  if (is && chosen) choose(chosen);
});
addEventListener("hashchange", () => { show(); $("main").focus(); });
addEventListener("keydown", (event) => {
  const filter = document.querySelector("#view input[type=search]");
  if (event.key === "/" && filter && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    filter.focus();
  }
});

showNav();
showBoards();
show();
connect().then(async () => {
  $("version").textContent = `limpet ${(await call(null, "Tool.Info")).version}`;
  await look();
  setInterval(look, 2000);
});
