import { saveAs } from "../parts/saving";

/** Gives the visitor a JSON text as a file. */
export function save(text: string, name: string): void {
  saveAs(new Blob([text], { type: "application/json" }), name);
}
