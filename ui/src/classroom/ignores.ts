/**
 * Which files the class need not share. The server reads the teacher's lines in the same way and
 * tells the students; a student's program that does not obey sends such files all the same, and they
 * are not shown.
 */
import type { Ignores } from "../wire/generated";

export const NOTHING_IGNORED: Ignores = { names: [], dirs: [], extensions: [] };

/** Lines as in a .gitignore: `name/` or `/name` are folders, `*.ext` is an ending, others names. */
export function parseIgnores(text: string): Ignores {
  const names = new Set<string>();
  const dirs = new Set<string>();
  const extensions = new Set<string>();
  for (const line of text.split(/\r\n|\r|\n/).map((line) => line.trim())) {
    if (!isWanted(line)) {
      continue;
    }
    if (line.startsWith("/") || line.endsWith("/")) {
      dirs.add(line.replace(/[*/]/g, ""));
    } else if (line.startsWith("*.")) {
      extensions.add(line.slice(2));
    } else {
      names.add(line);
    }
  }
  const filled = (found: Set<string>) => [...found].filter((entry) => entry !== "");
  return { names: filled(names), dirs: filled(dirs), extensions: filled(extensions) };
}

export function isIgnored(filename: string, ignores: Ignores): boolean {
  const folders = filename.split("/");
  const name = folders.pop() ?? "";
  return (
    ignores.names.includes(name) ||
    ignores.extensions.some((extension) => name.endsWith(`.${extension}`)) ||
    folders.some((folder) => isIgnoredFolder(folder, ignores.dirs))
  );
}

// `*.egg-info/` has become `.egg-info`: what the folder's name ends with.
function isIgnoredFolder(folder: string, dirs: readonly string[]): boolean {
  return dirs.some((dir) => folder === dir || (dir.startsWith(".") && folder.endsWith(dir)));
}

// A comment, a pattern or a path of several folders: clients of the first version cannot match those.
function isWanted(line: string): boolean {
  const slashes = line.split("/").length - 1;
  return line !== "" && !line.includes("#") && !line.includes("*$") && slashes <= 1;
}
