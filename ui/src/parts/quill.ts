/** The HTML of the editor in the form that Quill writes, and back. */

/** Quill has no <p> inside its <li> and <td>, nor have students any use for its margins. */
export function asQuill(html: string): string {
  return html
    .replace(/<(li|t[dh])([^>]*)><p>((?:(?!<\/?p\b).)*)<\/p>(?=<\/\1>|<[uo]l\b)/gs, "<$1$2>$3")
    .replace(/<p([^>]*)><\/p>/g, "<p$1><br></p>");
}

/** Changes what Quill 2 writes in its own way into what the editor understands. */
export function asOurs(element: HTMLElement): void {
  for (const block of element.querySelectorAll(".ql-code-block-container")) {
    const pre = document.createElement("pre");
    const lines = [...block.querySelectorAll(".ql-code-block")].map((line) => line.textContent);
    pre.textContent = lines.join("\n");
    block.replaceWith(pre);
  }
  for (const list of element.querySelectorAll("ol")) {
    const items = [...list.children];
    if (items.length > 0 && items.every((item) => item.getAttribute("data-list") === "bullet")) {
      const dots = document.createElement("ul");
      dots.append(...items);
      list.replaceWith(dots);
    }
  }
  for (const end of element.querySelectorAll(":is(p, li, td, th, h1, h2, h3) > br:only-child")) {
    if (end.parentElement?.textContent === "") {
      end.remove();
    }
  }
}

// Written otherwise, these mean the same.
const SAME: Record<string, string> = { b: "strong", i: "em", strike: "s", div: "p", span: "" };
const STRUCTURE = ["tbody", "thead", "code", "br", "p"];

/** Elements that the editor does not know, and would leave out as soon as anything is edited. */
export function lostTags(element: HTMLElement, html: string): string[] {
  const after = new DOMParser().parseFromString(html.replace(/\sstyle="[^"]*"/g, ""), "text/html");
  const known = tagsOf(after.body);
  return [...tagsOf(element)].filter((tag) => !known.has(tag) && !STRUCTURE.includes(tag));
}

function tagsOf(element: HTMLElement): Set<string> {
  const names = [...element.querySelectorAll("*")].map(({ tagName }) => tagName.toLowerCase());
  return new Set(names.map((name) => SAME[name] ?? name).filter((name) => name !== ""));
}
