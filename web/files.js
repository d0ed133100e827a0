// SPDX-License-Identifier: Apache-2.0
// A board's files. A file is sent in parts that are staged beside the old one; the last part, with the hash of the whole, takes the
// old one's place in one step (docs/files.md).
import { bytes, card, confirmed, faultCard, h, save, toast } from "./dom.js";

const PART = 3072;

function toBase64(part) {
  return btoa(String.fromCharCode(...part));
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function hash(data) {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

async function send(board, file, tick) {
  const data = new Uint8Array(await file.arrayBuffer());
  const sha256 = await hash(data);
  for (let offset = 0, isDone = false; !isDone; offset += PART) {
    isDone = offset + PART >= data.length;
    await board.call("FS.Put", { filename: file.name, offset, data: toBase64(data.subarray(offset, offset + PART)), ...(isDone ? { sha256 } : { more: true }) });
    tick(Math.min(offset + PART, data.length) / (data.length || 1));
  }
}

async function fetchFile(board, name) {
  const parts = [];
  let offset = 0;
  let left = 1;
  while (left > 0) {
    const got = await board.call("FS.Get", { filename: name, offset, len: PART });
    const part = fromBase64(got.data);
    parts.push(part);
    offset += part.length;
    left = part.length ? got.left : 0;
  }
  return new Blob(parts);
}

export async function files(el, board) {
  const list = await board.call("FS.ListExt");
  const info = await board.call("FS.Info").catch(() => null);
  const fail = (error) => { el.querySelector(".fault")?.remove(); el.prepend(faultCard(error)); };
  const again = async () => {
    el.replaceChildren();
    await files(el, board).catch(fail);
  };
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sending" });
  const take = async (chosen) => {
    bar.hidden = false;
    try {
      for (const file of chosen) await send(board, file, (part) => { bar.value = part; });
      toast(chosen.length === 1 ? `${chosen[0].name} is on the board` : `${chosen.length} files are on the board`);
      await again();
    } catch (error) {
      await again(); // what went before it is there
      fail(error);
    }
  };
  const input = h("input", { type: "file", multiple: true, hidden: true, onchange: () => take([...input.files]) });
  const drop = h("div", { class: "drop", ondragover: (e) => { e.preventDefault(); drop.classList.add("over"); }, ondragleave: () => drop.classList.remove("over"),
    ondrop: (e) => { e.preventDefault(); drop.classList.remove("over"); take([...e.dataTransfer.files]); } }, "Drop files here, or ", h("button", { type: "button", onclick: () => input.click() }, "choose"), input, bar);
  const row = (f) => h("tr", {}, h("td", { class: "mono" }, f.name), h("td", { class: "end" }, bytes(f.size)), h("td", { class: "end" },
    h("button", { type: "button", class: "small", onclick: () => fetchFile(board, f.name).then((blob) => save(f.name, blob), fail) }, "Download"), " ",
    h("button", { type: "button", class: "small danger", "aria-label": `Remove ${f.name}`, onclick: async () => {
      if (await confirmed(`Remove ${f.name} from the board? It cannot be brought back.`)) board.call("FS.Remove", { filename: f.name }).then(again, fail);
    } }, "Remove")));
  const table = list.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Name"), h("th", { class: "end" }, "Size"), h("th", { class: "end" }, ""))), h("tbody", {}, list.map(row))) : h("p", { class: "dim" }, "No files yet.");
  el.append(drop, card(info ? `Files · ${bytes(info.size - info.free)} of ${bytes(info.size)} used` : "Files", info && h("progress", { max: info.size, value: info.size - info.free, "aria-label": "How full it is" }), table));
}
