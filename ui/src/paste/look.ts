/**
 * How a piece of pasted text looks. Programs say it by elements or by styles, and either may take back
 * what the other says: Google Docs wraps all it copies into a <b> of normal weight.
 */
import { KEPT_STYLE } from "../parts/richtext";

export interface Look {
  readonly isBold: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isStruck: boolean;
  readonly isCode: boolean;
  readonly script: "sub" | "sup" | undefined;
  readonly href: string | undefined;
  /** Line breaks and spaces count. */
  readonly isPreserved: boolean;
}

export const PLAIN: Look = {
  isBold: false,
  isItalic: false,
  isUnderlined: false,
  isStruck: false,
  isCode: false,
  script: undefined,
  href: undefined,
  isPreserved: false,
};

export type Styles = ReadonlyMap<string, string>;
/** Declarations by the class that they are for: Excel has its bold there, and nowhere else. */
export type Rules = ReadonlyMap<string, string>;

const BY_TAG: Record<string, Partial<Look>> = {
  b: { isBold: true },
  strong: { isBold: true },
  i: { isItalic: true },
  em: { isItalic: true },
  cite: { isItalic: true },
  u: { isUnderlined: true },
  ins: { isUnderlined: true },
  s: { isStruck: true },
  strike: { isStruck: true },
  del: { isStruck: true },
  code: { isCode: true },
  kbd: { isCode: true },
  samp: { isCode: true },
  tt: { isCode: true },
  sub: { script: "sub" },
  sup: { script: "sup" },
  pre: { isCode: true, isPreserved: true },
};

const CODE_FONT =
  /^["']?[^,]*(mono|courier|consolas|menlo|monaco|source code|fira code|lucida console)/i;
const PRESERVED = new Set(["pre", "pre-wrap", "break-spaces"]);
const LINK = /^(https?:|mailto:|tel:)/i;

/** What a page's style sheets say of classes. */
export function rulesOf(html: string): Rules {
  const sheets = [...html.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi)].map(
    ([, text]) => text,
  );
  const found = sheets.join("\n").matchAll(/\.([\w-]+)\s*\{([^{}]*)\}/g);
  return new Map([...found].map(([, name, declarations]) => [name ?? "", declarations ?? ""]));
}

/** The declarations for an element, its own before those of its classes. */
export function stylesOf(element: Element, rules: Rules): Styles {
  const classes = [...element.classList].map((name) => rules.get(name) ?? "");
  const own = element.getAttribute(KEPT_STYLE) ?? "";
  const face = element.getAttribute("face");
  const declarations = [...classes, face ? `font-family:${face}` : "", own].join(";").split(";");
  const pairs = declarations.map((each) => {
    const colon = each.indexOf(":");
    return [each.slice(0, colon).trim().toLowerCase(), each.slice(colon + 1).trim()] as const;
  });
  return new Map(pairs.filter(([name]) => name !== ""));
}

/** The look inside an element that stands in text of the look `around`. */
export function lookOf(element: Element, styles: Styles, around: Look): Look {
  const tag = element.tagName.toLowerCase();
  const own = BY_TAG[tag] ?? {};
  const look = { ...around, ...own, ...linkOf(element) };
  return {
    ...look,
    isBold: isBold(styles.get("font-weight")) ?? look.isBold,
    isItalic: isItalic(styles.get("font-style")) ?? look.isItalic,
    ...decorations(styles, look, own),
    isCode: own.isCode === true || (isCode(styles.get("font-family")) ?? look.isCode),
    script: scriptOf(styles.get("vertical-align")) ?? look.script,
    isPreserved: isPreserved(styles.get("white-space")) ?? look.isPreserved,
  };
}

function linkOf(element: Element): Partial<Look> {
  const href = element.tagName === "A" ? element.getAttribute("href")?.trim() : undefined;
  return href !== undefined && LINK.test(href) ? { href } : {};
}

function isBold(weight: string | undefined): boolean | undefined {
  if (weight === undefined || weight === "inherit") {
    return undefined;
  }
  return /^bold/.test(weight) || Number(weight) >= 600;
}

function isItalic(style: string | undefined): boolean | undefined {
  return style === undefined || style === "inherit" ? undefined : /^(italic|oblique)/.test(style);
}

function decorations(
  styles: Styles,
  look: Look,
  own: Partial<Look>,
): Pick<Look, "isUnderlined" | "isStruck"> {
  const said = [styles.get("text-decoration"), styles.get("text-decoration-line")].join(" ");
  // "none" takes back what the element itself means; what is around is drawn through it all the same.
  const isNone = /\bnone\b/.test(said);
  return {
    isUnderlined:
      /underline/.test(said) || (look.isUnderlined && !(isNone && own.isUnderlined === true)),
    isStruck: /line-through/.test(said) || (look.isStruck && !(isNone && own.isStruck === true)),
  };
}

function isCode(family: string | undefined): boolean | undefined {
  return family === undefined || family === "inherit" ? undefined : CODE_FONT.test(family);
}

function scriptOf(align: string | undefined): "sub" | "sup" | undefined {
  return align === "sub" ? "sub" : align === "super" ? "sup" : undefined;
}

function isPreserved(space: string | undefined): boolean | undefined {
  return space === undefined || space === "inherit" ? undefined : PRESERVED.has(space);
}
