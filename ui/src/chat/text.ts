/** What a message's text is made of: links, code between backticks, and blocks of code between fences. */
import { LINK } from "../parts/links";

export type Block =
  { type: "text"; parts: Part[] } | { type: "code"; code: string; language: string };

export interface Part {
  type: "plain" | "link" | "code";
  text: string;
}

const FENCED = /^```([^\n`]*)\n(?:([\s\S]*?)\n)??```[^\S\n]*(?:\n|$)/gm;
const FENCE = /^```/gm;
const INLINE = new RegExp(`(?<code>\`[^\`\n]+\`)|(?:${LINK.source})`, LINK.flags);

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let end = 0;
  for (const found of text.matchAll(FENCED)) {
    addText(blocks, text.slice(end, found.index));
    blocks.push({ type: "code", code: found[2] ?? "", language: (found[1] ?? "").trim() });
    end = found.index + found[0].length;
  }
  addText(blocks, text.slice(end));
  return blocks;
}

/** A text in parts, of which some are links and some are code. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: whole, index, groups } of text.matchAll(INLINE)) {
    parts.push({ type: "plain", text: text.slice(end, index) });
    parts.push(
      groups?.["code"] === undefined
        ? { type: "link", text: whole }
        : { type: "code", text: whole.slice(1, -1) },
    );
    end = index + whole.length;
  }
  parts.push({ type: "plain", text: text.slice(end) });
  return parts.filter((part) => part.text !== "");
}

/** In one line, for lists. */
export function inOneLine(text: string): string {
  return text.replace(FENCED, "$2\n").replace(/\s+/g, " ").trim();
}

/** Whether a block of code has begun before the end of this text, and has not ended. */
export function isInCode(text: string): boolean {
  return (text.match(FENCE)?.length ?? 0) % 2 === 1;
}

/** Letters as they are compared: without accents, small. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function addText(blocks: Block[], text: string): void {
  // A line end beside a block is the block's own.
  const shown = blocks.length === 0 ? text.replace(/\n$/, "") : text.replace(/^\n|\n$/g, "");
  if (shown !== "") {
    blocks.push({ type: "text", parts: partsOf(shown) });
  }
}
