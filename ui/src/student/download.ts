/** Files from the browser to the disk. */
import { saveAs } from "../parts/saving";
import type { Project, ProjectFile } from "./project";
import { zip } from "../parts/zip";

/** All files as one archive; a single one as it is. */
export function saveProject(project: Project, room: number): void {
  const [first, ...others] = project.files;
  if (first !== undefined && others.length === 0) {
    saveFile(first);
  } else {
    saveAs(new Blob([zip(project.files)], { type: "application/zip" }), `room-${room}.zip`);
  }
}

export function saveFile({ filename, content }: ProjectFile): void {
  const name = filename.slice(filename.lastIndexOf("/") + 1);
  saveAs(new Blob([content], { type: "text/plain;charset=utf-8" }), name);
}
