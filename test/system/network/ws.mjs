// SPDX-License-Identifier: Apache-2.0
// ws.mjs DIR: servers of the package "ws", which is not ours, plain and over TLS. Writes DIR/ws.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { createServer as createSecure } from "node:https";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const { WebSocketServer } = createRequire(process.env.LIMPET_NPM + "/")("ws");
const dir = process.argv[2];

function serve(server) {
    const sockets = new WebSocketServer({
        server,
        perMessageDeflate: true, // offered to nobody who does not ask
        handleProtocols: (offered, request) => (request.url === "/other" ? "other" : offered.has("tide.v1") ? "tide.v1" : false),
    });
    let pongs = 0;
    sockets.on("connection", (socket, request) => {
        socket.on("pong", () => pongs++);
        socket.on("error", (error) => writeFileSync(`${dir}/ws-error`, String(error)));
        socket.on("close", (code, reason) => writeFileSync(`${dir}/ws-closed`, `${code} ${reason}`));
        const kind = request.url.split("?")[0];
        if (kind === "/pings") {
            const timer = setInterval(() => (pongs < 3 ? socket.ping("p".repeat(125)) : socket.send(`pongs ${pongs}`)), 50);
            socket.on("close", () => clearInterval(timer));
        } else if (kind === "/pieces") {
            socket.send("one ", { fin: false });
            socket.send("two ", { fin: false });
            socket.ping("in between");
            socket.send("three", { fin: true });
        } else if (kind === "/big") {
            socket.send(Buffer.alloc(Number(request.url.split("?")[1]), "0123456789"));
        } else if (kind === "/bye") {
            socket.close(4001, "enough");
        } else if (kind === "/header") {
            socket.send(`${request.headers["x-secret"]} ${request.headers.host} ${socket.protocol}`);
        }
        socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
}

const tls = { cert: readFileSync(`${dir}/server.pem`), key: readFileSync(`${dir}/server.key`) };
const ports = { ws: await serve(createServer()), wss: await serve(createSecure(tls)) };
writeFileSync(`${dir}/ws.new`, JSON.stringify(ports));
renameSync(`${dir}/ws.new`, `${dir}/ws`);
