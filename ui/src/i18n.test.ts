import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";

type Tree = { [key: string]: string | Tree };

const files = import.meta.glob<Tree>("$messages/*/*.json", { import: "default", eager: true });
const AREAS = Object.keys(files).flatMap((path) => /\/en\/(.+)\.json$/.exec(path)?.[1] ?? []);

function texts(language: string, area: string): Map<string, string> {
  const file = Object.entries(files).find(([path]) => path.endsWith(`/${language}/${area}.json`));
  const flat = (prefix: string, part: Tree): [string, string][] =>
    Object.entries(part).flatMap(([key, value]) =>
      typeof value === "string" ? [[prefix + key, value]] : flat(`${prefix}${key}.`, value),
    );
  return new Map(flat("", file?.[1] ?? {}));
}

/** The parameters of a text, sorted. */
function parameters(text: string, language: string): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if (typeof value === "object" && value !== null) {
      const { type, value: name } = value as { type?: number; value?: unknown };
      // 0 is plain text and 7 the number sign inside a plural form.
      if (type !== undefined && type !== 0 && type !== 7 && typeof name === "string") {
        names.add(name);
      }
      Object.values(value).forEach(visit);
    }
  };
  visit(new IntlMessageFormat(text, language, undefined, { ignoreTag: true }).getAst());
  return [...names].sort();
}

describe.each(AREAS)("the catalogue's %s", (area) => {
  const english = texts("en", area);

  it.each(["pt", "ru"])("says everything in %s, with the same parameters", (language) => {
    const other = texts(language, area);
    expect([...other.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of english) {
      const translated = other.get(key) ?? "";
      expect(translated, key).not.toBe("");
      expect(parameters(translated, language), key).toEqual(parameters(text, "en"));
    }
  });
});
