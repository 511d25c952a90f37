/**
 * What the application says, in the visitor's language.
 *
 * The catalogue is `src/quad/messages/<language>/<area>.json`, in ICU MessageFormat; the pages that the
 * server renders read the same files. A page loads its own area and the shared one.
 */
import { IntlMessageFormat } from "intl-messageformat";

export const LANGUAGES = { en: "English", pt: "Português", ru: "Русский" } as const;
export type Language = keyof typeof LANGUAGES;

type Values = Record<string, string | number>;
type Tree = { [key: string]: string | Tree };

const files = import.meta.glob<Tree>("$messages/*/*.json", { import: "default" });
const texts = new Map<string, string>();
const formats = new Map<string, IntlMessageFormat>();

export let language: Language = "en";

/** Loads what the areas say. Call it before anything is shown. */
export async function speak(wanted: Language, areas: readonly string[]): Promise<void> {
  language = wanted;
  const trees = await Promise.all(areas.map((area) => load(wanted, area)));
  trees.forEach((tree, index) => addTexts(`${areas[index] ?? ""}.`, tree));
}

/** The text of a key, such as "classroom.join.title"; a missing one is shown as its key. */
export function t(key: string, values?: Values): string {
  const text = texts.get(key);
  if (text === undefined) {
    return key;
  }
  return text.includes("{") || text.includes("'") ? String(format(key, text).format(values)) : text;
}

/** Whether there is such a text: for codes that come from the server. */
export function has(key: string): boolean {
  return texts.has(key);
}

export function addTexts(prefix: string, tree: Tree): void {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") {
      texts.set(prefix + key, value);
    } else {
      addTexts(`${prefix}${key}.`, value);
    }
  }
}

async function load(wanted: Language, area: string): Promise<Tree> {
  const ending = `/${wanted}/${area}.json`;
  const name = Object.keys(files).find((path) => path.endsWith(ending));
  const file = name === undefined ? undefined : files[name];
  return file === undefined ? {} : file();
}

function format(key: string, text: string): IntlMessageFormat {
  let known = formats.get(key);
  if (known === undefined) {
    known = new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
    formats.set(key, known);
  }
  return known;
}

export function isLanguage(value: string): value is Language {
  return value in LANGUAGES;
}
