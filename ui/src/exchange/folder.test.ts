import { describe, expect, it } from "vitest";
import {
  archiveOf,
  chosenFiles,
  filesBelow,
  FolderTooLarge,
  LIMIT_BYTES,
  MOST_NAMES,
} from "./folder";

/** What Node has not: an entry of a dropped folder, which is read a hundred names at a time. */
function folder(fullPath: string, inside: FileSystemEntry[]): FileSystemEntry {
  const createReader = () => {
    const rest = [...inside];
    return { readEntries: (give: (some: FileSystemEntry[]) => void) => give(rest.splice(0, 100)) };
  };
  const about = { name: fullPath.split("/").at(-1), fullPath, isDirectory: true };
  return { ...about, createReader } as unknown as FileSystemEntry;
}

function file(fullPath: string, content = "x"): FileSystemEntry {
  const name = fullPath.split("/").at(-1) ?? "";
  const give = (take: (file: File) => void) => take(new File([content], name));
  return { name, fullPath, isDirectory: false, file: give } as unknown as FileSystemEntry;
}

const names = (at: string, count: number) =>
  Array.from({ length: count }, (_, index) => file(`${at}/${String(index)}.md`));

describe("a dropped folder", () => {
  it("is walked to its end, and each file has its path", async () => {
    const counts: number[] = [];
    const inside = [folder("/loops/a", [file("/loops/a/task.md")]), ...names("/loops", 150)];
    const found = await filesBelow([folder("/loops", inside)], (count) => counts.push(count));
    expect(found.map(({ path }) => path).slice(0, 2)).toEqual(["loops/a/task.md", "loops/0.md"]);
    expect(counts.at(-1)).toBe(151);
  });

  it("comes without what programs keep in it", async () => {
    const kept = folder("/loops/.git", [file("/loops/.git/HEAD")]);
    const found = await filesBelow([folder("/loops", [kept, file("/loops/.env")])], () => {});
    expect(found.map(({ path }) => path)).toEqual(["loops/.env"]);
  });

  it("with more names or bytes than the server takes is not read to its end", async () => {
    const many = folder("/loops", names("/loops", MOST_NAMES + 1));
    await expect(filesBelow([many], () => {})).rejects.toThrow(FolderTooLarge);
    const parts = [1, 2].map((part) =>
      folder(`/${String(part)}`, names(`/${String(part)}`, MOST_NAMES - 1)),
    );
    await expect(filesBelow(parts, () => {})).rejects.toThrow(FolderTooLarge);
    const large = file("/loops/large.md", "x".repeat(LIMIT_BYTES + 1));
    await expect(filesBelow([large], () => {})).rejects.toThrow(FolderTooLarge);
  });
});

it("a chosen folder comes without what programs keep in it, too", () => {
  const at = (path: string) =>
    Object.defineProperty(new File(["x"], "x"), "webkitRelativePath", { value: path });
  const list = [at("loops/a/task.md"), at("loops/node_modules/x.js")] as unknown as FileList;
  expect(chosenFiles(list).map(({ path }) => path)).toEqual(["loops/a/task.md"]);
});

it("an archive stays as it is, and files become one, byte by byte", async () => {
  const archive = new File(["PK"], "loops.zip");
  expect(await archiveOf([{ path: "loops.zip", file: archive }])).toBe(archive);
  const picture = new File([new Uint8Array([0x89, 0xff, 0x00])], "a.png");
  const packed = await archiveOf([{ path: "loops/a.png", file: picture }]);
  const bytes = [...new Uint8Array(await packed.arrayBuffer())].join();
  const named = [...new TextEncoder().encode("loops/a.png")].join();
  expect(bytes).toContain(`${named},137,255,0,80,75`);
});
