// SPDX-License-Identifier: Apache-2.0
// What a board is, its chip, its cloud, its crashes; and restarting it.
import { card, confirmed, duration, facts, faultCard, h, toast } from "./dom.js";
import { call } from "./rpc.js";

const refused = (error) => (error.code === 404 ? h("p", { class: "dim" }, "This firmware does not have it.") : h("p", { class: "warn" }, error.message));

async function fill(el, fn) {
  try {
    el.append(await fn());
  } catch (error) {
    el.append(refused(error));
  }
}

const short = (hex) => (hex && hex.length > 24 ? `${hex.slice(0, 12)}…${hex.slice(-6)}` : hex);

function boardFacts(info) {
  return facts([["Id", info.id], ["Application", `${info.app} ${info.fw_version}`], ["Processor", info.port], ["Up for", duration(info.uptime_s)],
    ["Clock", info.utc_s ? new Date(info.utc_s * 1000).toLocaleString() : "not known yet", info.utc_s ? "" : "warn"],
    ["Starts", info.boot && `${info.boot.count}, the last by ${info.boot.reason}`], ["Safe mode", info.boot?.safe_mode ? "yes: settings are at their defaults" : null, "bad"]]);
}

function chipFacts(chip) {
  const c = chip.chip ?? chip;
  const bus = { sealed: ["sealed: listeners learn nothing", "good"], clear: ["in clear", "warn"], broken: ["broken: chip and board do not match", "bad"] }[chip.bus] ?? [chip.bus];
  const locks = c.lock && `configuration ${c.lock.config ? "locked" : "open"}, data ${c.lock.data ? "locked" : "open"}`;
  return facts([["Part", c.part], ["Serial", h("code", {}, c.serial ?? "")], ["Address", c.addr != null ? `0x${c.addr.toString(16)}` : null], ["Locks", locks],
    ["Slot plan", chip.plan && `${chip.plan.name}: ${chip.plan.state}`, chip.plan?.state === "differs" ? "bad" : ""], ["Wires", ...bus]]);
}

function keyFacts(id) {
  const where = { chip: "in the chip; it never leaves it", flash: "in the flash, not in a chip", none: "there is none" }[id.source];
  return facts([["Key", id.key], ["Where", where, id.source === "chip" ? "good" : "warn"], ["Public key", id.public_key && h("code", { title: id.public_key }, short(id.public_key))],
    ["Certificate", id.cert_id && h("code", { title: id.cert_id }, short(id.cert_id))], ["Matches", id.cert_id ? (id.is_match ? "yes" : "no") : null, id.is_match ? "good" : "bad"], ["Why", id.why]]);
}

function cloudFacts(c) {
  return facts([["State", `${c.state} for ${duration(c.since_s)}`, c.state === "connected" ? "good" : c.state === "off" ? "dim" : "warn"], ["Server", c.server], ["Client id", c.client_id],
    ["TLS", c.tls && `${c.tls.version} ${c.tls.suite}`], ["Messages", `${c.acked} of ${c.published} acknowledged, ${c.queued} waiting`],
    ["Last error", c.last_error && `${c.last_error.text}${c.last_error.detail ? `: ${c.last_error.detail}` : ""}`, "warn"]]);
}

function crashList(info) {
  if (!info.crashes.length) return h("p", { class: "dim" }, "None.");
  return h("div", {}, info.crashes.map((c) => facts([["Reason", c.reason, "bad"], ["After", duration(Math.round(c.uptime_ms / 1000))], ["Build", c.is_this_build ? "this one" : "another one"]])),
    h("p", { class: "dim" }, "With names and lines: ", h("code", {}, "limpet crash")));
}

// What a beginner would do next.
async function nextStep(board) {
  const [identity, status] = await Promise.all([board.call("Identity.Info"), board.call("Cloud.Status")]).catch(() => []);
  if (!status || status.state === "connected") return null;
  const step = !identity.cert_id ? ["Take it to a cloud. For one on this computer:", "limpet cloud up && eval \"$(limpet cloud env)\" && limpet aws-iot-setup"]
    : status.state === "off" ? ["It has a certificate, and the cloud is switched off:", "limpet config-set cloud.enable=true"] : ["It does not reach its cloud. What is in the way:", "limpet doctor"];
  return card("Next", h("p", {}, step[0]), h("pre", { tabindex: "0" }, step[1]));
}

export async function overview(el, board) {
  const info = await board.call("Sys.GetInfo");
  const parts = { Board: async () => boardFacts(info), "Crypto chip": async () => chipFacts(await board.call("Chip.Info")), Identity: async () => keyFacts(await board.call("Identity.Info")),
    Cloud: async () => cloudFacts(await board.call("Cloud.Status")), Crashes: async () => crashList(await board.call("Crash.Info")) };
  const cards = Object.entries(parts).map(([title, fn]) => [card(title), fn]);
  const restart = h("button", { type: "button", onclick: async () => {
    if (!(await confirmed(`Restart ${info.id}?`))) return;
    try {
      await board.call("Sys.Reboot", { delay_ms: 200 });
      toast("it restarts");
    } catch (error) {
      el.prepend(faultCard(error));
    }
  } }, "Restart");
  const again = h("button", { type: "button", onclick: () => { el.replaceChildren(); overview(el, board).catch((error) => el.prepend(faultCard(error))); } }, "Refresh");
  const letGo = h("button", { type: "button", onclick: () => call(null, "Tool.Close", { port: board.port }) }, "Let go of the port");
  el.append(h("div", { class: "tools" }, again, restart, letGo), h("div", { class: "cards" }, cards.map(([c]) => c)));
  for (const [c, fn] of cards) await fill(c, fn);
  const next = await nextStep(board);
  if (next) cards[0][0].parentElement.append(next);
}
