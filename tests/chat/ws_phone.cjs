// A phone on the `ws` package: each line of input is sent as it is; each answer is a line of output.
const readline = require("node:readline");
const WebSocket = require("../clients/node_modules/ws");

const socket = new WebSocket(process.argv[2]);

socket.on("open", () => {
  const input = readline.createInterface({ input: process.stdin });
  input.on("line", (line) => socket.send(line));
  input.on("close", () => socket.close());
});
socket.on("message", (data) => process.stdout.write(data + "\n"));
socket.on("close", () => process.exit(0));
socket.on("error", (error) => {
  process.stderr.write(error + "\n");
  process.exit(1);
});
