import { describe, expect, it } from "vitest";
import type { Task } from "../wire/generated";
import { newTask } from "./task";
import { asTaskFile, tasksInFile } from "./taskfile";

const task = (id: string, change: Partial<Task>): Task => ({ ...newTask(), id, ...change });
const file = (tasks: readonly Task[], title = "Tasks") => asTaskFile(tasks, title, "en");
const withData = (data: string) =>
  `<script type="application/json" id="quad-tasks">${data}</script>`;
const LOOPS = task("loops", {
  title: "Loops",
  folder: "02-loops",
  content: "<pre>if a &lt; b:\n\tprint('</script>')</pre>",
  files: [{ filename: "main.py", content: "# </script>" }],
  checks: [
    { name: "three", stdin: "3\n", stdout: "6\n", is_hidden: false },
    { name: "names", code: "assert total", is_hidden: true },
  ],
  solution: [{ filename: "main.py", content: "print(6)" }],
  points: 3,
});

describe("tasks in a file", () => {
  it("come back to the letter, whatever they hold", () => {
    const tasks = [
      task("2", { content: '<p class="ql-align-center">Ж &amp; "q" \\u003c $& </p>' }),
      LOOPS,
      task("theory", { type: "theory", content: withData('{"1":"<p>not this</p>"}') }),
    ];
    expect(tasksInFile(file(tasks))).toEqual(tasks);
  });

  it("are shown by any browser, under titles that are only text", () => {
    const page = file([{ ...LOOPS, title: "a < b", content: "<p>Draw.</p>" }], 'Class <1> "A" & B');
    expect(page).toContain("<title>Class &lt;1&gt; &quot;A&quot; &amp; B</title>");
    expect(page).toContain("<section>\n<h2>a &lt; b</h2>\n<p>Draw.</p>\n</section>");
    expect(page).toContain("default-src 'none'");
  });

  it.each([
    ["another page", "<p>Hello</p>"],
    ["nothing", ""],
    ["data that is none", withData("{")],
    ["data of another kind", withData("[1]")],
    ["no data", withData("null")],
    ["a task without an id", withData('[{"content": "<p>a</p>"}]')],
    ["a check that checks nothing", withData('[{"id": "1", "checks": [{"name": "a"}]}]')],
  ])("are none in %s", (_, text) => {
    expect(tasksInFile(text)).toEqual([]);
  });

  it("of an earlier page are those that a class could have: 1 to 16 or theory, with a content", () => {
    const data = {
      0: "<p>a</p>",
      1: "<p>b</p>",
      17: "<p>c</p>",
      2: "<p></p>",
      3: 4,
      x: "<p>d</p>",
    };
    const tasks = tasksInFile(withData(JSON.stringify(data)));
    expect(tasks).toEqual([task("1", { content: "<p>b</p>" })]);
  });
});
