// The echo server of examples/echo_server.py on the reference implementation, to know that the
// protocol suite asks for what Node's server does wherever docs and Node agree.
"use strict";

const { createServer } = require("node:http");
const { createRequire } = require("node:module");
const path = require("node:path");
const { parseArgs } = require("node:util");

const fromClients = createRequire(path.join(__dirname, "../../clients/package.json"));
const { Server } = fromClients("socket.io");
const { Server: EngineServer } = fromClients("engine.io");

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    "ping-interval-ms": { type: "string", default: "25000" },
    "ping-timeout-ms": { type: "string", default: "20000" },
    "connect-timeout-ms": { type: "string", default: "45000" },
    "upgrade-timeout-ms": { type: "string", default: "10000" },
    "max-payload": { type: "string", default: "1000000" },
    eio3: { type: "boolean", default: false },
  },
});

const options = {
  pingInterval: Number(values["ping-interval-ms"]),
  pingTimeout: Number(values["ping-timeout-ms"]),
  upgradeTimeout: Number(values["upgrade-timeout-ms"]),
  maxHttpBufferSize: Number(values["max-payload"]),
  allowEIO3: values.eio3,
  cors: { origin: "*" },
};

const http = createServer();

const io = new Server(http, {
  ...options,
  connectTimeout: Number(values["connect-timeout-ms"]),
  serveClient: false,
});

io.on("connection", (socket) => {
  socket.emit("auth", socket.handshake.auth);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
});
io.of("/custom").on("connection", (socket) => socket.emit("auth", socket.handshake.auth));

const engine = new EngineServer(options);
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
engine.attach(http, { path: "/engine.io" });

http.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
