import { describe, expect, it } from "vitest";
import { isIgnored, NOTHING_IGNORED, parseIgnores } from "./ignores";

const TEXT =
  "# comment\nnode_modules/\n/venv\n*.pyc\n.env\n*.egg-info/\na/b/c\n*$py.class\n\r\n.env\n";

describe("files to ignore", () => {
  it("are sorted into names, folders and endings", () => {
    expect(parseIgnores(TEXT)).toEqual({
      names: [".env"],
      dirs: ["node_modules", "venv", ".egg-info"],
      extensions: ["pyc"],
    });
  });

  it.each([
    ["main.py", false],
    ["main.pyc", true],
    ["deep/er/main.pyc", true],
    [".env", true],
    ["src/.env", true],
    ["src/.env.example", false],
    ["node_modules/x/index.js", true],
    ["a/node_modules/x.js", true],
    ["node_modules.txt", false],
    ["quad.egg-info/PKG", true],
  ])("hold for %s: %s", (filename, expected) => {
    expect(isIgnored(filename, parseIgnores(TEXT))).toBe(expected);
  });

  it("are none at first", () => {
    expect(isIgnored("node_modules/x.js", NOTHING_IGNORED)).toBe(false);
    expect(parseIgnores("")).toEqual(NOTHING_IGNORED);
  });
});
