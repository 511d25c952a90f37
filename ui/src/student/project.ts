/** A student's small project: a few text files, one of them open. Pure: each change is a new value. */
import { normalised } from "../code/changes";

export interface ProjectFile {
  readonly filename: string;
  readonly content: string;
}

export interface Project {
  readonly files: readonly ProjectFile[];
  /** The name of the file in the editor. */
  readonly open: string | undefined;
}

/** What is wrong with a name, as the messages call it. */
export type BadName = "empty" | "long" | "path" | "taken" | "folder";

const LONGEST_NAME = 200;
const STARTER = "main.py";

export const EMPTY: Project = { files: [{ filename: STARTER, content: "" }], open: STARTER };

/** A name as it is kept: slashes for folders, no blanks around. */
export function tidy(name: string): string {
  return name
    .trim()
    .replaceAll("\\", "/")
    .replace(/^\.\/+/, "")
    .replace(/\/{2,}/g, "/");
}

/** Why a new file, or `renamed` under a new name, may not be called that. */
export function problemOf(project: Project, name: string, renamed?: string): BadName | undefined {
  if (name === "" || name.endsWith("/")) {
    return "empty";
  }
  if (name.length > LONGEST_NAME) {
    return "long";
  }
  if (isOutside(name)) {
    return "path";
  }
  const others = project.files.map(({ filename }) => filename).filter((file) => file !== renamed);
  if (others.some((file) => file.toLowerCase() === name.toLowerCase())) {
    return "taken";
  }
  return others.some((file) => file.startsWith(`${name}/`) || name.startsWith(`${file}/`))
    ? "folder"
    : undefined;
}

export function contentOf(project: Project, filename: string | undefined): string | undefined {
  return project.files.find((file) => file.filename === filename)?.content;
}

export function withOpen(project: Project, filename: string): Project {
  return contentOf(project, filename) === undefined ? project : { ...project, open: filename };
}

/** Files that are new, or new versions of known ones; the last of them is open then. */
export function withFiles(project: Project, added: readonly ProjectFile[]): Project {
  const news = new Map(
    added.map(({ filename, content }) => [filename, { filename, content: normalised(content) }]),
  );
  const kept = project.files.filter(({ filename }) => !news.has(filename));
  return {
    files: byName([...kept, ...news.values()]),
    open: added.at(-1)?.filename ?? project.open,
  };
}

export function withContent(project: Project, filename: string, content: string): Project {
  const files = project.files.map((file) =>
    file.filename === filename ? { filename, content } : file,
  );
  return { ...project, files };
}

export function withName(project: Project, filename: string, name: string): Project {
  const files = project.files.map((file) =>
    file.filename === filename ? { ...file, filename: name } : file,
  );
  return { files: byName(files), open: project.open === filename ? name : project.open };
}

export function withoutFile(project: Project, filename: string): Project {
  const index = project.files.findIndex((file) => file.filename === filename);
  const files = project.files.filter((file) => file.filename !== filename);
  const next = files[Math.min(Math.max(index, 0), files.length - 1)]?.filename;
  return { files, open: project.open === filename ? next : project.open };
}

/** Nobody has written anything in it. */
export function isBlank({ files }: Project): boolean {
  return files.every(({ content }) => content.trim() === "");
}

/** A project as it was kept, or nothing if that is none. */
export function asProject(value: unknown): Project | undefined {
  if (typeof value !== "object" || value === null || !("files" in value)) {
    return undefined;
  }
  const { files, open } = value as { files: unknown; open?: unknown };
  if (!Array.isArray(files) || !files.every(isFile)) {
    return undefined;
  }
  const project = { files, open: undefined };
  return withOpen(project, typeof open === "string" ? open : (files[0]?.filename ?? ""));
}

function isFile(value: unknown): value is ProjectFile {
  const file = value as Partial<ProjectFile> | null;
  return typeof file?.filename === "string" && typeof file.content === "string";
}

function isOutside(name: string): boolean {
  const parts = name.split("/");
  return (
    name.startsWith("/") ||
    /^[A-Za-z]:/.test(name) ||
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f<>"|?*]/.test(name) ||
    parts.some((part) => part === ".." || part === "." || part.trim() === "")
  );
}

function byName(files: readonly ProjectFile[]): ProjectFile[] {
  return [...files].sort((one, other) => (one.filename < other.filename ? -1 : 1));
}
