// Holds one official Socket.IO client of Node.js: commands come in and events go out as JSON lines.
// Usage: node driver.cjs <package>, one of those in package.json.
//
// In:  {"do":"connect","url","options"} {"do":"emit","event","args","ack"?} {"do":"close"}
//      {"do":"burst","event","each":[args, ...]}
// Out: {"kind":"connect","id","transport"} {"kind":"upgrade","transport"} {"kind":"disconnect"}
//      {"kind":"failure","message"} {"kind":"event","event","args"} {"kind":"ack","ack","args"}
// Binary is {"$bytes":"<base64>"} both ways.
"use strict";

const readline = require("node:readline");

const library = require(process.argv[2]);
const open = library.io || library;

let socket = null;

function report(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function packed(value) {
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value.buffer ? value : new Uint8Array(value)).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(packed);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, packed(item)]));
  }
  return value;
}

function unpacked(value) {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value && typeof value === "object") {
    if (typeof value.$bytes === "string") return Buffer.from(value.$bytes, "base64");
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]));
  }
  return value;
}

function connect({ url, options }) {
  socket = open(url, options);
  // Every generation has this method for an event packet; catch-all listeners came with the third.
  const deliver = socket.onevent;
  socket.onevent = function (packet) {
    const [event, ...args] = packet.data;
    report({ kind: "event", event, args: packed(args) });
    if (packet.id !== undefined && packet.id !== null) this.ack(packet.id)(...args);
    else deliver.call(this, packet);
  };
  socket.on("connect", () => {
    const engine = socket.io.engine;
    report({ kind: "connect", id: socket.id, engine: engine.id, transport: engine.transport.name });
    engine.on("upgrade", (transport) => report({ kind: "upgrade", transport: transport.name }));
  });
  socket.on("disconnect", (reason) => report({ kind: "disconnect", reason }));
  const failed = (error) => report({ kind: "failure", message: String(error?.message ?? error) });
  socket.on("connect_error", failed);
  // Until version 2 a refused namespace is an "error" with a string; events carry objects.
  socket.on("error", (error) => typeof error === "string" && failed(error));
}

function emit({ event, args, ack }) {
  const values = unpacked(args);
  if (ack !== undefined) values.push((...answer) => report({ kind: "ack", ack, args: packed(answer) }));
  socket.emit(event, ...values);
}

function burst({ event, each }) {
  for (const args of each) socket.emit(event, ...unpacked(args));
}

const commands = { connect, emit, burst, close: () => socket.close() };

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
lines.on("close", () => process.exit(0));
