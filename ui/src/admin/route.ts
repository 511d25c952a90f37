/** What the address's fragment names: a section, and what is open in it. */
export const SECTIONS = ["overview", "buildings", "bots", "people", "classes"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Opened {
  kind: "user" | "building";
  id: string;
}

export interface Place {
  section: Section;
  opened: Opened | undefined;
}

export const HOME: Place = { section: "overview", opened: undefined };

/** Undefined for a fragment that names none, such as the one of the link that skips the head. */
export function placeOf(hash: string): Place | undefined {
  const [section = "", kind, id] = hash.replace(/^#/, "").split("/");
  if (section === "") {
    return HOME;
  }
  if (!(SECTIONS as readonly string[]).includes(section)) {
    return undefined;
  }
  const isOpened = section === "people" && id !== undefined && id !== "";
  const opened = isOpened && isKind(kind) ? { kind, id: unescaped(id) } : undefined;
  return { section: section as Section, opened };
}

export function hashOf(section: Section, opened?: Opened): string {
  return opened ? `#${section}/${opened.kind}/${encodeURIComponent(opened.id)}` : `#${section}`;
}

function isKind(kind: string | undefined): kind is Opened["kind"] {
  return kind === "user" || kind === "building";
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
