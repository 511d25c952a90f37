/**
 * Lists of word processors that are none: Word writes a paragraph for each item, with its level and
 * its number in styles, and Word in the browser a list for each item.
 */
import { KEPT_STYLE } from "../parts/richtext";

interface Item {
  readonly level: number;
  readonly tag: "ol" | "ul";
  readonly start: number;
  readonly content: readonly Node[];
}

const NUMBER = /^\(?(\d+|[a-z]{1,3}|[ivxlc]+)[.)]/i;

/** Makes lists of what looks like one. */
export function makeLists(page: Document): void {
  replaceRuns(page, "p, h1, h2, h3, h4, h5, h6", itemOfWord);
  replaceRuns(page, ".ListContainerWrapper", itemOfWordOnline);
}

function replaceRuns(
  page: Document,
  selector: string,
  itemOf: (element: Element) => Item | undefined,
): void {
  const items = new Map<Element, Item>();
  for (const element of page.querySelectorAll(selector)) {
    const item = itemOf(element);
    if (item !== undefined) {
      items.set(element, item);
    }
  }
  for (const element of items.keys()) {
    const run = runFrom(element, items);
    element.before(
      ...nested(
        page,
        run.map((each) => items.get(each)).filter((item) => item !== undefined),
      ),
    );
    for (const each of run) {
      items.delete(each);
      each.remove();
    }
  }
}

function runFrom(first: Element, items: ReadonlyMap<Element, Item>): Element[] {
  const run = [first];
  for (let next = first.nextSibling; next !== null; next = next.nextSibling) {
    if (next instanceof Element && items.has(next)) {
      run.push(next);
    } else if (next instanceof Element || (next instanceof Text && next.data.trim() !== "")) {
      break;
    }
  }
  return run;
}

function itemOfWord(element: Element): Item | undefined {
  const level = /mso-list:[^;]*\blevel(\d)/i.exec(element.getAttribute(KEPT_STYLE) ?? "")?.[1];
  if (level === undefined) {
    return undefined;
  }
  const marker = [...element.querySelectorAll(`[${KEPT_STYLE}]`)].find((part) =>
    /mso-list:\s*ignore/i.test(part.getAttribute(KEPT_STYLE) ?? ""),
  );
  const number = NUMBER.exec(marker?.textContent.trim() ?? "")?.[1];
  marker?.remove();
  return {
    level: Number(level),
    tag: number === undefined ? "ul" : "ol",
    start: Number(number) || 1,
    content: [...element.childNodes],
  };
}

function itemOfWordOnline(element: Element): Item | undefined {
  const item = element.querySelector("li[data-aria-level]");
  return item === null
    ? undefined
    : {
        level: Number(item.getAttribute("data-aria-level")),
        tag: item.closest("ol") === null ? "ul" : "ol",
        start: Number(item.closest("ol")?.getAttribute("start")) || 1,
        content: [...item.childNodes],
      };
}

function nested(page: Document, items: readonly Item[]): Element[] {
  const roots: Element[] = [];
  let open: { level: number; list: Element }[] = [];
  for (const { level, tag, start, content } of items) {
    open = open.filter((outer) => outer.level <= level);
    let inner = open.at(-1);
    if (inner?.level === level && inner.list.tagName.toLowerCase() !== tag) {
      open = open.slice(0, -1);
      inner = open.at(-1);
    }
    if (inner?.level !== level) {
      const list = page.createElement(tag);
      if (start !== 1) {
        list.setAttribute("start", String(start));
      }
      if (inner === undefined) {
        roots.push(list);
      } else {
        inner.list.lastElementChild?.append(list);
      }
      inner = { level, list };
      open.push(inner);
    }
    const item = page.createElement("li");
    item.append(...content);
    inner.list.append(item);
  }
  return roots;
}
