// SPDX-License-Identifier: Apache-2.0
// The log as it comes. Lines are kept for each board while the page is open, also when another view is shown.
import { h, save } from "./dom.js";

const LINES_MAX = 3000;
const kept = new Map(); // port -> lines
let listener = null;

export function keepLog({ port, text }) {
  const lines = kept.get(port) ?? [];
  kept.set(port, lines);
  lines.push(text);
  if (lines.length > LINES_MAX) lines.splice(0, LINES_MAX / 10);
  listener?.(port, text);
}

const levels = { E: ["error", "bad"], W: ["warn", "warn"], I: ["info", ""], D: ["debug", "debug"] };
const order = ["debug", "info", "warn", "error"];

function parse(text) {
  const m = /^([EWID]) (\d+\.\d{3}) ([^:]*):(.*)$/s.exec(text);
  return m ? { level: levels[m[1]][0], cls: levels[m[1]][1], time: m[2], module: m[3], rest: m[4] } : { level: "info", cls: "", rest: text };
}

function row(line) {
  return line.time ? h("div", { class: line.cls }, h("span", { class: "dim" }, `${line.time} `), h("span", { class: "module" }, line.module), `:${line.rest}`) : h("div", {}, line.rest);
}

// Where no log comes by itself it is fetched from the board's memory.
function poll(board) {
  let cursor = null;
  let isOver = false;
  (async () => {
    while (!isOver) {
      try {
        const got = await board.call("Log.Read", cursor ? { cursor } : { start: 0 });
        cursor = got.cursor;
        for (const line of got.lines) keepLog({ port: board.port, text: line.text });
        if (got.more) continue;
      } catch { /* the state above says it */ }
      await new Promise((done) => setTimeout(done, 1500));
    }
  })();
  return () => { isOver = true; };
}

export function logs(el, board) {
  let isPaused = false;
  const pane = h("div", { class: "log", role: "log", "aria-label": "Log", tabindex: "0" });
  const filter = h("input", { type: "search", class: "grow", placeholder: "Filter (press /)", "aria-label": "Filter" });
  const level = h("select", { "aria-label": "Lowest level" }, order.map((l) => h("option", { value: l }, l)));
  const fits = (line, text) => order.indexOf(line.level) >= order.indexOf(level.value) && text.toLowerCase().includes(filter.value.toLowerCase());
  const add = (text) => {
    const line = parse(text);
    if (!fits(line, text)) return;
    const isAtEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 40;
    pane.append(row(line));
    if (pane.childElementCount > LINES_MAX) pane.firstChild.remove();
    if (isAtEnd) pane.scrollTop = pane.scrollHeight;
  };
  const all = () => {
    pane.replaceChildren();
    for (const text of kept.get(board.port) ?? []) add(text);
    pane.scrollTop = pane.scrollHeight;
  };
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(isPaused));
    if (!isPaused) all();
  } }, "Pause");
  const clear = h("button", { type: "button", onclick: () => { kept.set(board.port, []); all(); } }, "Clear");
  const download = h("button", { type: "button", onclick: () => save(`${board.port.replace(/\W+/g, "-")}.log`, new Blob([(kept.get(board.port) ?? []).join("\n")])) }, "Download");
  filter.oninput = level.onchange = all;
  el.append(h("div", { class: "tools" }, filter, level, pause, clear, download), pane);
  all();
  if (!pane.childElementCount) pane.append(h("div", { class: "dim" }, "What the board logs appears here."));
  listener = (port, text) => port === board.port && !isPaused && add(text);
  const stop = board.state && !board.state.has_log ? poll(board) : null;
  return () => { listener = null; stop?.(); };
}
