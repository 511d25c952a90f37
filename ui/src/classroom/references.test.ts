import { beforeAll, expect, it } from "vitest";
import { speak } from "../i18n";
import { referencesOf, type Compared } from "./references";

beforeAll(() => speak("en", ["classroom", "class"]));

const file = (filename: string, content: string) => ({ filename, content });
const task = (id: string, more: Partial<Compared>): Compared => ({
  id,
  title: id,
  type: "exercise",
  folder: "",
  files: [],
  ...more,
});

it("a version is compared with what tasks begin with and with solutions, where they lie", () => {
  const tasks = [
    task("read me", { type: "theory", files: [file("a.txt", "")] }),
    task("sum", { folder: "sum", files: [file("main.py", "# sum\n")] }),
    task("talk", {}),
    task("mean", { solution: [file("mean.py", "x")], files: [file("mean.py", "")] }),
  ];
  const found = referencesOf(tasks).map(({ key, label, files }) => [key, label, [...files]]);
  expect(found).toEqual([
    ["start/sum", "sum: as given", [["sum/main.py", "# sum\n"]]],
    ["start/mean", "mean: as given", [["mean.py", ""]]],
    ["solution/mean", "mean: solution", [["mean.py", "x"]]],
  ]);
});
