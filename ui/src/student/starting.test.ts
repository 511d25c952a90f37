import { describe, expect, it } from "vitest";
import { contentOf, EMPTY, withFiles, type Project } from "./project";
import { begun, begunAgain, changedIn, turnedTo } from "./starting";

const file = (filename: string, content: string) => ({ filename, content });
const TASK = { folder: "sum", files: [file("data.txt", "1\r\n2\n"), file("main.py", "# sum\n")] };
const AT_ROOT = { folder: "", files: [file("main.py", "# sum\n")] };
const names = ({ files }: Project) => files.map(({ filename }) => filename);
const own = (...files: [string, string][]) =>
  withFiles(
    { files: [], open: undefined },
    files.map(([name, content]) => file(name, content)),
  );

describe("a task that is begun", () => {
  it("puts its files into its folder", () => {
    const project = begun(EMPTY, TASK);
    expect(names(project)).toEqual(["main.py", "sum/data.txt", "sum/main.py"]);
    expect(contentOf(project, "sum/data.txt")).toBe("1\n2\n");
    expect(project.open).toBe("main.py");
    expect(turnedTo(project, TASK).open).toBe("sum/main.py");
  });

  it("takes the place of a file that nobody has written in, and of no other", () => {
    expect(contentOf(begun(EMPTY, AT_ROOT), "main.py")).toBe("# sum\n");
    const written = own(["main.py", "print(1)"]);
    expect(begun(written, AT_ROOT)).toEqual(written);
  });

  it("leaves out what has no room among the student's files", () => {
    const project = own(["sum", "a file"], ["Main.py", "x"]);
    expect(begun(project, TASK)).toEqual(project);
    expect(begun(project, AT_ROOT)).toEqual(project);
  });

  it("leaves the open file alone where it is one of its own", () => {
    const project = { ...begun(EMPTY, TASK), open: "sum/data.txt" };
    expect(turnedTo(project, TASK).open).toBe("sum/data.txt");
    expect(turnedTo(EMPTY, { folder: "", files: [] })).toBe(EMPTY);
  });
});

describe("a task that is begun again", () => {
  it("has its files as they were, and what was there beside them", () => {
    const project = own(["sum/main.py", "mine"], ["sum/data.txt", "1\n2\n"]);
    const again = begunAgain(project, TASK);
    expect(again.files).toEqual([
      file("sum/data.txt", "1\n2\n"),
      file("sum/main-old.py", "mine"),
      file("sum/main.py", "# sum\n"),
    ]);
    expect(again.open).toBe(project.open);
  });

  it("keeps each version that was there", () => {
    const once = begunAgain(own(["main.py", "one"]), AT_ROOT);
    const twice = begunAgain(withFiles(once, [file("main.py", "two")]), AT_ROOT);
    expect(contentOf(twice, "main-old.py")).toBe("one");
    expect(contentOf(twice, "main-old-2.py")).toBe("two");
  });

  it("brings back what is gone, and changes nothing else", () => {
    const project = own(["sum/data.txt", "1\n2\n"], ["other.py", "x"]);
    expect(changedIn(project, TASK)).toEqual([file("sum/main.py", "# sum\n")]);
    expect(names(begunAgain(project, TASK))).toEqual(["other.py", "sum/data.txt", "sum/main.py"]);
    expect(changedIn(begun(EMPTY, TASK), TASK)).toEqual([]);
  });
});
