import { describe, expect, it } from "vitest";
import type { Step } from "../wire/generated";
import { asTaskFile, stepsInFile } from "./taskfile";

const step = (name: string, content: string): Step => ({
  name,
  content,
  language: "html",
  type: name === "theory" ? "theory" : "exercise",
});
const file = (steps: readonly Step[], title = "Tasks") =>
  asTaskFile(steps, title, "en", (name) => `Step ${name}`);
const withData = (data: string) =>
  `<script type="application/json" id="quad-tasks">${data}</script>`;

describe("tasks in a file", () => {
  it("come back to the letter, whatever they hold", () => {
    const steps = [
      step("2", '<p class="ql-align-center" style="color: red;">Ж &amp; "q" \\u003c $& </p>'),
      step("16", "<pre>if a &lt; b:\n\tprint('</script>')</pre>"),
      step("theory", withData('{"1":"<p>not this</p>"}')),
    ];
    expect(stepsInFile(file(steps))).toEqual(steps);
  });

  it("are shown by any browser, under a title that is only text", () => {
    const page = file([step("1", "<p>Draw.</p>")], 'Class <1> "A" & B');
    expect(page).toContain("<title>Class &lt;1&gt; &quot;A&quot; &amp; B</title>");
    expect(page).toContain("<section>\n<h2>Step 1</h2>\n<p>Draw.</p>\n</section>");
    expect(page).toContain("default-src 'none'");
  });

  it.each([
    ["another page", "<p>Hello</p>"],
    ["nothing", ""],
    ["data that is none", withData("{")],
    ["data of another kind", withData("[1]")],
    ["no data", withData("null")],
  ])("are none in %s", (_, text) => {
    expect(stepsInFile(text)).toEqual([]);
  });

  it("are those that a class may have: a number from 1 to 16 or theory, with a content", () => {
    const data = {
      0: "<p>a</p>",
      1: "<p>b</p>",
      17: "<p>c</p>",
      2: "<p></p>",
      3: 4,
      x: "<p>d</p>",
    };
    expect(stepsInFile(withData(JSON.stringify(data)))).toEqual([step("1", "<p>b</p>")]);
  });
});
