import { describe, expect, it } from "vitest";
import {
  asProject,
  EMPTY,
  problemOf,
  tidy,
  withContent,
  withFiles,
  withName,
  withOpen,
  withoutFile,
} from "./project";

const file = (filename: string, content = "") => ({ filename, content });
const project = {
  files: [file("a.py", "1"), file("lib/b.py", "2"), file("z.py", "3")],
  open: "a.py",
};

describe("a project", () => {
  it("begins with one empty program, open", () => {
    expect(EMPTY).toEqual({ files: [file("main.py")], open: "main.py" });
  });

  it("opens a file that is added, and keeps the order of names", () => {
    const next = withFiles(project, [file("m.py", "x\r\ny")]);
    expect(next.open).toBe("m.py");
    expect(next.files.map((each) => each.filename)).toEqual(["a.py", "lib/b.py", "m.py", "z.py"]);
    expect(next.files[2]?.content).toBe("x\ny");
  });

  it("replaces a file that comes again", () => {
    expect(withFiles(project, [file("a.py", "new")]).files).toHaveLength(3);
  });

  it("follows a file to its new name", () => {
    const next = withName(project, "a.py", "x.py");
    expect(next.open).toBe("x.py");
    expect(next.files.map((each) => each.filename)).toEqual(["lib/b.py", "x.py", "z.py"]);
  });

  it("opens the next file when the open one is deleted, and none after the last", () => {
    expect(withoutFile(project, "a.py").open).toBe("lib/b.py");
    expect(withoutFile(withOpen(project, "z.py"), "z.py").open).toBe("lib/b.py");
    expect(withoutFile(EMPTY, "main.py")).toEqual({ files: [], open: undefined });
    expect(withoutFile(project, "z.py").open).toBe("a.py");
  });

  it("changes one file and leaves the others the same values", () => {
    const next = withContent(project, "a.py", "10");
    expect(next.files[0]).toEqual(file("a.py", "10"));
    expect(next.files[1]).toBe(project.files[1]);
  });

  it("does not open what is not there", () => {
    expect(withOpen(project, "nothing.py")).toBe(project);
  });
});

describe("a name of a file", () => {
  it.each([
    ["", "empty"],
    ["folder/", "empty"],
    ["x".repeat(201), "long"],
    ["/etc/passwd", "path"],
    ["C:/x", "path"],
    ["a/../b", "path"],
    ["a//b", "path"],
    ["what?.py", "path"],
    ["A.py", "taken"],
    ["lib", "folder"],
    ["a.py/x", "folder"],
    ["new.py", undefined],
    ["lib/новый файл.py", undefined],
    ["..hidden", undefined],
  ])("%j: %s", (name, problem) => {
    expect(problemOf(project, name)).toBe(problem);
  });

  it("may be its own when it is renamed", () => {
    expect(problemOf(project, "A.py", "a.py")).toBeUndefined();
  });

  it("is tidied as people write it", () => {
    expect(tidy(" .\\lib\\\\x.py ")).toBe("lib/x.py");
  });
});

describe("a project that was kept", () => {
  it("comes back", () => {
    expect(asProject(JSON.parse(JSON.stringify(project)))).toEqual(project);
  });

  it("opens its first file if it does not know which", () => {
    expect(asProject({ files: project.files, open: "gone.py" })?.open).toBeUndefined();
    expect(asProject({ files: project.files })?.open).toBe("a.py");
  });

  it.each([null, 1, {}, { files: 1 }, { files: [{ filename: 1, content: "" }] }])(
    "is none if it does not fit: %j",
    (value) => {
      expect(asProject(value)).toBeUndefined();
    },
  );
});
