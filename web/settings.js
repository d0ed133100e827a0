// SPDX-License-Identifier: Apache-2.0
// A form of what the board says about its settings (Config.Schema). Secrets are written, never read: the board does not tell them.
import { card, faultCard, h, toast } from "./dom.js";

const valueAt = (tree, key) => key.split(".").reduce((node, name) => node?.[name], tree);

function put(tree, key, value) {
  const names = key.split(".");
  const last = names.pop();
  names.reduce((node, name) => (node[name] ??= {}), tree)[last] = value;
}

function control(s, value, id) {
  const off = s.readonly || s.pinned;
  if (s.type === "bool") return h("input", { type: "checkbox", id, checked: value === true, disabled: off });
  if (s.choices) return h("select", { id, disabled: off }, s.choices.map((c) => h("option", { value: c, selected: c === value }, c)));
  if (s.type === "int") {
    const el = h("input", { type: "number", id, min: s.min, max: s.max, step: 1, required: true, disabled: off });
    el.value = value ?? "";
    return el;
  }
  if (s.secret) return h("input", { type: "password", id, maxlength: s.max_len, autocomplete: "new-password", disabled: off, placeholder: s.is_set ? "set; type to replace it" : "not set" });
  const el = (s.max_len ?? 0) > 300 && s.key !== "cloud.server" ? h("textarea", { id, rows: 4, maxlength: s.max_len, disabled: off, spellcheck: "false" })
    : h("input", { type: "text", id, maxlength: s.max_len, disabled: off, spellcheck: "false" });
  el.value = value ?? "";
  return el;
}

const read = (s, input) => (s.type === "bool" ? input.checked : s.type === "int" ? input.valueAsNumber : input.value);

function range(s) {
  const unit = s.unit ? ` ${s.unit}` : "";
  return [s.min != null && `${s.min} to ${s.max}${unit}`, s.default !== "" && s.default != null && !s.readonly && `default ${s.default === true ? "on" : s.default === false ? "off" : `${s.default}${unit}`}`, s.pinned && "pinned by the product"].filter(Boolean).join(" · ");
}

function field(s, value, onchange) {
  const id = `set-${s.key}`;
  const input = control(s, value, id);
  const before = read(s, input);
  const el = h("div", { class: "field" }, h("label", { for: id }, s.title || s.key, h("code", { class: "key" }, s.key)), h("div", {}, input, h("div", { class: "doc", id: `${id}-doc` }, s.doc ?? "", range(s) && h("div", { class: "range" }, range(s)))));
  input.setAttribute("aria-describedby", `${id}-doc`);
  const row = { s, el, input, isChanged: () => !Object.is(read(s, input), before) };
  input.addEventListener("input", () => {
    el.classList.remove("wrong");
    el.classList.toggle("changed", row.isChanged());
    onchange();
  });
  return row;
}

async function write(board, rows, reboot) {
  const config = {};
  for (const row of rows) put(config, row.s.key, read(row.s, row.input));
  await board.call("Config.Set", { config });
  await board.call("Config.Save", { reboot });
}

function saveBar(board, el, rows) {
  const text = h("span", { role: "status" });
  const changed = () => rows.filter((row) => row.isChanged());
  const go = async (reboot) => {
    el.querySelector(".fault")?.remove();
    const wrong = changed().find((row) => !row.input.checkValidity());
    if (wrong) {
      wrong.el.classList.add("wrong");
      wrong.input.reportValidity();
      return;
    }
    try {
      await write(board, changed(), reboot);
      toast(reboot ? "saved; the board restarts" : "saved");
      if (reboot) bar.hidden = true;
      else await show(el, board);
    } catch (error) {
      const row = changed().find((r) => error.message?.includes(r.s.key));
      row?.el.classList.add("wrong");
      row?.input.focus();
      el.prepend(faultCard(error));
    }
  };
  const bar = h("div", { class: "savebar", hidden: true }, text, h("button", { type: "button", onclick: () => show(el, board) }, "Discard"),
    h("button", { type: "button", onclick: () => go(true) }, "Save and restart"), h("button", { type: "submit", class: "main" }, "Save"));
  return { bar, go, update: () => {
    const n = changed().length;
    bar.hidden = n === 0;
    text.textContent = `${n} ${n === 1 ? "change" : "changes"}`;
  } };
}

async function show(el, board) {
  const groups = await board.call("Config.Schema");
  const tree = await board.call("Config.Get");
  const rows = [];
  const save = saveBar(board, el, rows);
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); save.go(false); }, novalidate: true });
  for (const group of groups) {
    const list = (await board.call("Config.Schema", { group: group.group })).map((s) => field(s, valueAt(tree, s.key), save.update));
    rows.push(...list);
    form.append(card(group.title, ...list.map((row) => row.el)));
  }
  form.append(save.bar);
  el.replaceChildren(form);
}

export const settings = show;
