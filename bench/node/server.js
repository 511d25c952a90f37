// The bench's program on Node Socket.IO: join a room, say to the room, tell the leader.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
});
let leader = "";

io.on("connection", (socket) => {
  socket.on("lead", () => {
    leader = socket.id;
    socket.emit("led", {});
  });
  socket.on("join", () => {
    socket.join("room");
    socket.emit("joined", {});
  });
  socket.on("say", (message) => io.to("room").emit("said", message));
  socket.on("tell", (message) => io.to(leader).emit("told", message));
});

http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
