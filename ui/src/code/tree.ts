/** Files as a tree of folders, and the rows of it that are shown. */
export interface TreeFile {
  filename: string;
  isChanged: boolean;
}

/** One visible line: a folder or a file. */
export interface Row {
  /** The whole path; a folder's ends with a slash. */
  path: string;
  name: string;
  isFolder: boolean;
  /** Of a folder: whether something in it is. */
  isChanged: boolean;
  isFolded: boolean;
  /** From 1, as ARIA counts; so do place and siblings. */
  level: number;
  place: number;
  siblings: number;
}

interface Folder {
  folders: Map<string, Folder>;
  files: TreeFile[];
}

/** The rows that are shown: folders first, then files, each by name. */
export function rowsOf(files: readonly TreeFile[], folded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  addRows(rows, folderOf(files), "", 1, folded);
  return rows;
}

/** The folders that hold a file, the outermost first. */
export function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** The folder's row that holds a row; undefined at the top. */
export function parentOf(path: string): string | undefined {
  return foldersAbove(path.replace(/\/$/, "")).at(-1);
}

function folderOf(files: readonly TreeFile[]): Folder {
  const root: Folder = { folders: new Map(), files: [] };
  for (const file of files) {
    let folder = root;
    for (const name of file.filename.split("/").slice(0, -1)) {
      let inner = folder.folders.get(name);
      if (inner === undefined) {
        inner = { folders: new Map(), files: [] };
        folder.folders.set(name, inner);
      }
      folder = inner;
    }
    folder.files.push(file);
  }
  return root;
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function addRows(
  rows: Row[],
  folder: Folder,
  above: string,
  level: number,
  folded: ReadonlySet<string>,
): void {
  const siblings = folder.folders.size + folder.files.length;
  let place = 0;
  for (const [name, inner] of [...folder.folders].sort(([a], [b]) => byName.compare(a, b))) {
    const path = `${above}${name}/`;
    const isFolded = folded.has(path);
    place += 1;
    const isChanged = hasChanges(inner);
    rows.push({ path, name, isFolder: true, isChanged, isFolded, level, place, siblings });
    if (!isFolded) {
      addRows(rows, inner, path, level + 1, folded);
    }
  }
  const sorted = folder.files.map((file) => ({ ...file, name: nameOf(file.filename) }));
  for (const { filename, name, isChanged } of sorted.sort((a, b) =>
    byName.compare(a.name, b.name),
  )) {
    place += 1;
    const isFolded = false;
    rows.push({
      path: filename,
      name,
      isFolder: false,
      isChanged,
      isFolded,
      level,
      place,
      siblings,
    });
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hasChanges(folder: Folder): boolean {
  return (
    folder.files.some((file) => file.isChanged) || [...folder.folders.values()].some(hasChanges)
  );
}
