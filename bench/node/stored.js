// What bench/peers/stored_app.py does, on Node Socket.IO with better-sqlite3: stored, then told.
//
// Writing blocks the loop. What one turn of it has read goes into one transaction.
import { createServer } from "node:http";
import Database from "better-sqlite3";
import { Server } from "socket.io";

const database = new Database(process.argv[3]);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec("CREATE TABLE messages (id INTEGER PRIMARY KEY, place TEXT, sender TEXT, text TEXT)");
const insert = database.prepare("INSERT INTO messages (place, sender, text) VALUES (?, ?, ?)");
const commit = database.transaction((batch) => {
  for (const { row } of batch) insert.run(row);
});

let waiting = [];

function store(row, tell) {
  if (waiting.push({ row, tell }) === 1) setImmediate(flush);
}

function flush() {
  const batch = waiting;
  waiting = [];
  commit(batch);
  for (const { tell } of batch) tell();
}

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
});

io.on("connection", (socket) => {
  socket.on("lead", () => socket.emit("led", {}));
  socket.on("join", () => {
    socket.join("room");
    socket.emit("joined", {});
  });
  socket.on("say", (message) => {
    store(["room", socket.id, message.text], () => io.to("room").emit("said", message));
  });
  socket.on("enter", ({ chat }) => {
    socket.join(chat);
    socket.emit("entered", { chat });
  });
  socket.on("send", ({ chat, text }) => {
    if (!socket.rooms.has(chat)) return;
    const message = { chat, from: socket.id, date: new Date().toISOString(), text };
    store([chat, socket.id, text], () => io.to(chat).emit("message", message));
  });
});

http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
