import { expect, it } from "vitest";
import { linked } from "./places";

const TRACEBACK = 'File "main.py", line 3, in f\n  File "/lib/x.py", line 9\n';

it("lines of the project's files are places, and those of the library are not", () => {
  expect(linked({ stream: "error", text: `  ${TRACEBACK}` }, ["main.py"])).toEqual([
    { text: "  " },
    { text: 'File "main.py", line 3', place: { filename: "main.py", line: 3 } },
    { text: ', in f\n  File "/lib/x.py", line 9\n' },
  ]);
});

it("a module's place is found by its name in the project", () => {
  const text = 'File "/home/student/lib/a.py", line 12';
  const [, part] = linked({ stream: "error", text }, ["lib/a.py"]);
  expect(part?.place).toEqual({ filename: "lib/a.py", line: 12 });
});

it("what a program prints is no traceback", () => {
  const text = 'File "main.py", line 3';
  expect(linked({ stream: "out", text }, ["main.py"])).toEqual([{ text }]);
});
