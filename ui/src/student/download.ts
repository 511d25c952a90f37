/** Files from the browser to the disk. */
import type { Project, ProjectFile } from "./project";
import { zip } from "./zip";

/** All files as one archive; a single one as it is. */
export function saveProject(project: Project, room: number): void {
  const [first, ...others] = project.files;
  if (first !== undefined && others.length === 0) {
    saveFile(first);
  } else {
    save(new Blob([zip(project.files)], { type: "application/zip" }), `room-${room}.zip`);
  }
}

export function saveFile({ filename, content }: ProjectFile): void {
  const name = filename.slice(filename.lastIndexOf("/") + 1);
  save(new Blob([content], { type: "text/plain;charset=utf-8" }), name);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
