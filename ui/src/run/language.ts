/** What a file is written in, by its name. */
import type { Language } from "./messages";

const LANGUAGES: Readonly<Record<string, Language>> = { py: "python", js: "javascript" };

export function languageOf(filename: string): Language | undefined {
  return LANGUAGES[filename.toLowerCase().split(".").at(-1) ?? ""];
}

/** Whether it is a page, to be shown and not run. */
export function isPage(filename: string): boolean {
  return /\.html?$/i.test(filename);
}
