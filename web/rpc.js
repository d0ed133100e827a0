// SPDX-License-Identifier: Apache-2.0
// The one connection to the tool. Frames are those of docs/rpc.md: with "dst" they go to the board on that port, without to the
// tool itself. What comes without an id is news: Tool.Board, Tool.Log, Tool.Cloud.
const address = `ws://${location.host}${location.pathname.replace(/[^/]*$/, "")}rpc`;
const waiting = new Map();
const listeners = new Map();
let socket = null;
let lastId = 0;
let opening = null;

export function on(name, fn) {
  listeners.set(name, [...(listeners.get(name) ?? []), fn]);
}

function tell(name, params) {
  for (const fn of listeners.get(name) ?? []) fn(params);
}

function take(frame) {
  const call = waiting.get(frame.id);
  if (frame.method) tell(frame.method, frame.params);
  if (!call) return;
  waiting.delete(frame.id);
  if (frame.error) call.fail(Object.assign(new Error(frame.error.message), frame.error));
  else call.done(frame.result);
}

export function connect() {
  opening ??= new Promise((done) => {
    socket = new WebSocket(address);
    socket.onopen = () => { tell("connection", true); done(); };
    socket.onmessage = (message) => take(JSON.parse(message.data));
    socket.onclose = () => {
      opening = null;
      for (const call of waiting.values()) call.fail(new Error("limpet ui has ended"));
      waiting.clear();
      tell("connection", false);
      setTimeout(connect, 1500);
    };
  });
  return opening;
}

export async function call(dst, method, params) {
  await connect();
  const id = ++lastId;
  const frame = { id, method };
  if (dst) frame.dst = dst;
  if (params) frame.params = params;
  return new Promise((done, fail) => {
    waiting.set(id, { done, fail });
    socket.send(JSON.stringify(frame));
  });
}
