import { describe, expect, it } from "vitest";
import { NO_MARKS } from "./student";
import { keepMarks, keepTicket, keyLink, marksFor, takeOff, ticketIn, tickets } from "./remembered";

const ticket = (room: number) => ({
  room,
  user: 7,
  token: "a-B_9",
  teacher: "",
  title: "",
  name: "Emmy",
  at: room,
  isRunning: false,
  filesToIgnore: "*.log",
});

describe("the address that is the key to a class", () => {
  it("holds all that it takes to come in", () => {
    expect(ticketIn("#123456/7/a-B_9")).toMatchObject({ room: 123456, user: 7, token: "a-B_9" });
  });

  it.each(["", "#", "#123456", "#123456/7", "#123456/7/", "#12/7/x", "#123456/7/x y"])(
    "is not %j",
    (hash) => {
      expect(ticketIn(hash)).toBeUndefined();
    },
  );

  it("is read as it was made", () => {
    const link = keyLink("http://10.0.0.1/classroom", ticket(123456));
    expect(ticketIn(new URL(link).hash)).toMatchObject({ room: 123456, user: 7, token: "a-B_9" });
  });

  it("holds the secret key of the teacher, where there is one, and no token", () => {
    const teacher = "k".repeat(43);
    const link = keyLink("http://10.0.0.1/classroom", { ...ticket(123456), teacher });
    expect(link).toBe(`http://10.0.0.1/classroom#123456/${teacher}`);
    keepTicket(ticket(123456));
    expect(ticketIn(new URL(link).hash)).toMatchObject({ room: 123456, token: "", teacher });
  });

  it("leaves what this browser knows of the class", () => {
    keepTicket(ticket(234567));
    expect(ticketIn("#234567/7/new")).toMatchObject({ token: "new", filesToIgnore: "*.log" });
  });
});

describe("the classes of a browser", () => {
  it("are all kept, however many: each is the only key", () => {
    for (let room = 300001; room <= 300040; room++) {
      keepTicket(ticket(room));
    }
    expect(tickets().map(({ room }) => room)).toContain(300001);
  });

  it("come back as they were after one was taken off the list", () => {
    keepTicket(ticket(400000));
    keepMarks(400000, { ...NO_MARKS, order: [1, 2] });
    const undo = takeOff(ticket(400000));
    expect(tickets().map(({ room }) => room)).not.toContain(400000);
    undo();
    expect(tickets()).toContainEqual(ticket(400000));
    expect(marksFor(400000).order).toEqual([1, 2]);
  });
});
