// The rival of bench/streams.py that is fastest: uWebSockets, by way of Bun, with its own publish.
import { drive } from "./streams_rival.mjs";

const server = Bun.serve({
  hostname: "127.0.0.1", port: 0,
  fetch(request, server) { return server.upgrade(request) ? undefined : new Response("", { status: 426 }); },
  websocket: {
    open(ws) { ws.subscribe("all"); },
    message() {},
    perMessageDeflate: false,
    backpressureLimit: 8 * 1024 * 1024,
  },
});
console.log("port " + server.port);
drive(process.argv[2], (text) => server.publish("all", text));
