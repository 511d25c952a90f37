import { describe, expect, it } from "vitest";
import type { File } from "../wire/generated";
import { lookAt, missing, NO_PROJECT, replaceTree, glanceAt, updateFiles } from "./files";

const file = (filename: string, content: string, status: File["status"] = "CHANGED"): File => ({
  filename,
  status,
  content,
});
const nothingHidden = () => false;
const noPyc = (filename: string) => filename.endsWith(".pyc");

describe("what is too large to be sent", () => {
  it("stays as it was shown, also when the whole tree comes without it", () => {
    const shown = replaceTree(
      NO_PROJECT,
      [file("a.py", "1"), file("big.csv", "small")],
      nothingHidden,
    );
    const leftOut = [{ filename: "big.csv", why: "too_large" as const, size: 9, limit: 7 }];
    expect(missing({ ...shown, leftOut })).toBe(1);
    const picture = { filename: "a.png", why: "binary" as const, size: 9 };
    expect(missing({ ...shown, leftOut: [...leftOut, picture] })).toBe(1);
    const again = replaceTree({ ...shown, leftOut }, [file("a.py", "2")], nothingHidden);
    expect(again.files.get("big.csv")?.content).toBe("small");
    expect(
      replaceTree(again, [file("big.csv", "new")], nothingHidden).files.get("big.csv")?.content,
    ).toBe("new");
  });
});

describe("a student's files", () => {
  const first = replaceTree(
    NO_PROJECT,
    [file("README.md", "hi"), file("src/util.py", "u"), file("main.py", "a")],
    nothingHidden,
  );

  it("are not marked as changed when they first come, and the program is shown", () => {
    expect([...first.files.values()].some((entry) => entry.isChanged)).toBe(false);
    expect(first.latest).toBe("main.py");
  });

  it("are marked when edited, until the teacher looks", () => {
    const edited = updateFiles(first, [file("src/util.py", "u2")], nothingHidden);
    expect(edited.latest).toBe("src/util.py");
    expect(edited.files.get("src/util.py")).toEqual({
      content: "u2",
      isChanged: true,
      line: 0,
    });
    expect(lookAt(edited, "src/util.py").files.get("src/util.py")?.isChanged).toBe(false);
    expect(lookAt(edited, "main.py")).toBe(edited);
  });

  it("are the same value if nothing is new in what came", () => {
    expect(updateFiles(first, [file("main.py", "a")], nothingHidden)).toBe(first);
  });

  it("can be removed; then another one is shown", () => {
    const removed = updateFiles(first, [file("main.py", "", "REMOVED")], nothingHidden);
    expect(removed.files.has("main.py")).toBe(false);
    expect(removed.latest).toBe("src/util.py");
  });

  it("keep their marks when the whole tree comes again, and get those that are due", () => {
    const edited = updateFiles(first, [file("src/util.py", "u2")], nothingHidden);
    const again = replaceTree(
      edited,
      [file("README.md", "hi"), file("src/util.py", "u2"), file("main.py", "b")],
      nothingHidden,
    );
    expect(again.files.get("README.md")?.isChanged).toBe(false);
    expect(again.files.get("src/util.py")?.isChanged).toBe(true);
    expect(again.files.get("main.py")?.isChanged).toBe(true);
    expect(again.latest).toBe("main.py");
  });

  it("that were edited before the whole tree came are the latest, and nothing else is new", () => {
    const edited = updateFiles(NO_PROJECT, [file("src/util.py", "u2")], nothingHidden);
    const whole = replaceTree(
      edited,
      [file("README.md", "hi"), file("src/util.py", "u2"), file("main.py", "a")],
      nothingHidden,
    );
    expect(whole.latest).toBe("src/util.py");
    expect(whole.files.get("main.py")?.isChanged).toBe(false);
    expect(whole.files.get("src/util.py")?.isChanged).toBe(true);
  });

  it("that are hidden are never the latest", () => {
    const edited = updateFiles(first, [file("main.pyc", "x")], noPyc);
    expect(edited.latest).toBe("main.py");
  });
});

describe("the lines at a glance", () => {
  const sixty = Array.from({ length: 60 }, (_, index) => `line ${index}`).join("\n");
  const edit = (before: string, after: string) => {
    const project = replaceTree(NO_PROJECT, [file("a.py", before)], nothingHidden);
    return updateFiles(project, [file("a.py", after)], nothingHidden).files.get("a.py")?.line;
  };

  it.each([
    ["typed into", sixty.replace("line 14\n", "line 14!\n"), 14],
    ["begun anew", sixty.replace("line 14\n", "line 14\nnew\n"), 15],
    ["taken out below", sixty.replace("line 14\n", ""), 13],
    ["written at the end", `${sixty}!`, 59],
    ["written at the beginning", `!${sixty}`, 0],
  ])("hold the line that was %s", (_, after, line) => {
    expect(edit(sixty, after)).toBe(line);
    const glance = glanceAt(after, 6, line);
    expect(glance.edited).toBe(line);
    expect(glance.lines).toHaveLength(6);
  });

  it("are the last ones of a file that nobody has seen change", () => {
    expect(glanceAt(sixty, 2, undefined).lines).toEqual(["line 58", "line 59"]);
    expect(glanceAt("a\nb\n\n", 6, undefined).lines).toEqual(["a", "b"]);
    expect(glanceAt("", 6, undefined).lines).toEqual([""]);
  });

  it("are cut where nobody could read them", () => {
    expect(glanceAt("x".repeat(5_000), 2, 0).lines[0]).toHaveLength(160);
  });
});
