// SPDX-License-Identifier: Apache-2.0
// The board's WebSocket, judged by the client "ws", which is not ours.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const [port, user, password] = process.argv.slice(2);
const { WebSocket } = createRequire(process.env.LIMPET_NPM + "/")("ws");
const sha = (text) => createHash("sha256").update(text).digest("hex");

class Board {
    static open(options = {}, protocols = []) {
        return new Promise((resolve, reject) => {
            const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, protocols, { perMessageDeflate: true, ...options });
            socket.once("open", () => resolve(new Board(socket)));
            socket.once("error", reject);
        });
    }

    constructor(socket) {
        this.socket = socket;
        this.waiting = new Map();
        this.ids = 0;
        this.nc = 0;
        socket.on("message", (data, isBinary) => {
            const answer = JSON.parse(data);
            this.waiting.get(answer.id)?.({ ...answer, isBinary });
        });
    }

    frame(method, params) {
        const id = ++this.ids;
        const text = params === undefined ? "" : JSON.stringify(params);
        let auth;
        if (this.asked) {
            const nc = ++this.nc;
            const a2 = sha(`RPC:/rpc/${method}:${sha(text)}`);
            const a1 = sha(`${user}:${this.asked.realm}:${password}`);
            const response = sha(`${a1}:${this.asked.nonce}:${nc.toString(16).padStart(8, "0")}:c:auth-int:${a2}`);
            auth = { realm: this.asked.realm, username: user, nonce: this.asked.nonce, cnonce: "c", nc, algorithm: "SHA-256", response };
        }
        return { id, text: JSON.stringify({ id, method, params, auth }) };
    }

    send(method, params, send = (text) => this.socket.send(text)) {
        const { id, text } = this.frame(method, params);
        const answer = new Promise((resolve) => this.waiting.set(id, resolve));
        send(text);
        return answer;
    }

    async login() {
        const answer = await this.send("RPC.Ping");
        is(answer.error.code, 401);
        this.asked = JSON.parse(answer.error.message);
        is((await this.send("RPC.Ping")).error, undefined);
    }
}

function is(got, expected) {
    if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

const closed = (socket) => new Promise((resolve) => socket.once("close", (code) => resolve(code)));

const tests = {
    async ws_asks_who_is_there_and_lets_in() {
        const board = await Board.open();
        await board.login();
        const answer = await board.send("Sys.GetInfo");
        is(answer.result.id, "lp-4f21c0");
        is(answer.isBinary, false);
        board.socket.close(1000);
        is(await closed(board.socket), 1000);
    },
    async ws_takes_messages_in_pieces_and_binary_ones() {
        const board = await Board.open();
        await board.login();
        const pieces = await board.send("Config.Get", { key: "telemetry.interval_s" }, (text) => {
            for (const c of text.slice(0, -1)) board.socket.send(c, { fin: false });
            board.socket.ping("between");
            board.socket.send(text.slice(-1), { fin: true });
        });
        is(typeof pieces.result, "number");
        const binary = await board.send("RPC.Ping", undefined, (text) => board.socket.send(Buffer.from(text)));
        is(binary.error, undefined);
        board.socket.terminate();
    },
    async ws_answers_pings() {
        const board = await Board.open();
        const pong = new Promise((resolve) => board.socket.once("pong", (data) => resolve(String(data))));
        board.socket.ping("x".repeat(125));
        is(await pong, "x".repeat(125));
        board.socket.terminate();
    },
    async ws_carries_several_calls_at_once_and_large_answers() {
        const board = await Board.open();
        await board.login();
        const answers = await Promise.all(["Config.Get", "RPC.List", "Config.Get", "RPC.Ping"].map((m) => board.send(m)));
        is(answers.map((a) => a.error), [undefined, undefined, undefined, undefined]);
        is(answers[1].result.includes("Sys.GetInfo"), true);
        board.socket.terminate();
    },
    async ws_refuses_pages_of_others() {
        const refused = await Board.open({ origin: "http://evil.example" }).catch((problem) => problem);
        is(/403/.test(refused.message), true);
        (await Board.open({ origin: `http://127.0.0.1:${port}` })).socket.terminate();
    },
    async ws_too_large_a_message_closes_with_1009() {
        const board = await Board.open();
        board.socket.send("{" + " ".repeat(7000) + "}");
        is(await closed(board.socket), 1009);
    },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        await test();
        console.log(`ok ${name}`);
    } catch (problem) {
        failed++;
        console.log(`not ok ${name}\n    ${problem.stack}`);
    }
}
process.exit(failed === 0 ? 0 : 1);
