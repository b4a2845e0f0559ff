// The rival of bench/streams.py that most programs use: Node's ws, a send for each message.
import { createRequire } from "node:module";
import { drive } from "./streams_rival.mjs";

const [, , modules, sample] = process.argv;
const { WebSocketServer } = createRequire(modules + "/")("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/ws" });
server.on("listening", () => console.log("port " + server.address().port));
drive(sample, (text) => { for (const client of server.clients) client.send(text); });
