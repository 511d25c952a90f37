import { expect, it } from "vitest";
import { subjectOf } from "./subject";

const files = (...names: string[]) => names.map((filename) => ({ filename, content: "" }));
const task = (folder: string, ...names: string[]) => ({ folder, files: files(...names) });

it.each([
  ["its own first file", task("a", "notes.txt", "sum.py"), ["a/main.py", "a/sum.py"], "a/sum.py"],
  ["the open file, if its own are gone", task("a", "x.py"), ["a/main.py", "a/b.py"], "a/b.py"],
  ["none that is open elsewhere", task("c"), ["c/main.py", "a/b.py"], "c/main.py"],
  ["main, if nothing else says which", task(""), ["z.py", "main.py"], "main.py"],
  ["any other in its folder", task("c/"), ["main.py", "c/z.js"], "c/z.js"],
  ["nothing, if nothing can be run", task("c"), ["main.py", "c/z.txt", "cc/z.py"], undefined],
])("a task is about %s", (_, about, names, subject) => {
  expect(subjectOf(about, files(...names), "a/b.py")).toBe(subject);
});
