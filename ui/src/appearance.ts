/**
 * Language and colours, chosen once for all pages: two cookies, which the server reads before it writes a
 * page (`quad/appearance.py`), and its own pages' form writes, too.
 */
import { page } from "./page";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const LIFETIME_S = 365 * 24 * 3600;
const DARK_MEDIA = "(prefers-color-scheme: dark)";
const MEDIA: Record<Theme, string> = { auto: DARK_MEDIA, light: "not all", dark: "all" };
const SCHEME: Record<Theme, string> = { auto: "light dark", light: "light", dark: "dark" };

let chosen: Theme = THEMES.find((each) => each === page.theme) ?? "auto";
const listeners = new Set<() => void>();

export function theme(): Theme {
  return chosen;
}

/** At once, and remembered. */
export function changeTheme(wanted: Theme): void {
  chosen = wanted;
  remember("quad_theme", wanted);
  document.getElementById("dark")?.setAttribute("media", MEDIA[wanted]);
  document.querySelector("meta[name=color-scheme]")?.setAttribute("content", SCHEME[wanted]);
  listeners.forEach((tell) => tell());
}

/** Remembers the choice and shows the page anew in it. */
export function changeLanguage(wanted: string): void {
  remember("quad_language", wanted);
  location.reload();
}

/** Tells when the colours are others, for what is drawn on a canvas; returns how to stop that. */
export function watchColours(tell: () => void): () => void {
  const scheme = matchMedia(DARK_MEDIA);
  scheme.addEventListener("change", tell);
  listeners.add(tell);
  return () => {
    scheme.removeEventListener("change", tell);
    listeners.delete(tell);
  };
}

function remember(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${LIFETIME_S}; SameSite=Lax${secure}`;
}
