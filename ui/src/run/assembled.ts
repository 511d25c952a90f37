/** A student's page as one text: what it refers to in the project is put in. */
import type { ProjectFile } from "../student/project";

/** The HTML of `filename` with the project's style sheets, scripts and SVG pictures inside. */
export function assembled(files: readonly ProjectFile[], filename: string): string {
  const text = contentOf(files, filename) ?? "";
  // It is not shown, and nothing in it runs or loads.
  const page = new DOMParser().parseFromString(text, "text/html");
  const near = (address: string | null) => contentOf(files, resolved(filename, address ?? ""));
  for (const link of page.querySelectorAll("link[rel=stylesheet][href]")) {
    const content = near(link.getAttribute("href"));
    if (content !== undefined) {
      const style = page.createElement("style");
      style.textContent = content.replaceAll("</style", "<\\/style");
      link.replaceWith(style);
    }
  }
  for (const script of page.querySelectorAll("script[src]")) {
    const content = near(script.getAttribute("src"));
    if (content !== undefined) {
      script.removeAttribute("src");
      script.textContent = content.replaceAll("</script", "<\\/script");
    }
  }
  for (const picture of page.querySelectorAll("img[src]")) {
    const content = near(picture.getAttribute("src"));
    if (content !== undefined) {
      picture.setAttribute("src", `data:image/svg+xml,${encodeURIComponent(content)}`);
    }
  }
  return `<!doctype html>\n${page.documentElement.outerHTML}`;
}

function contentOf(files: readonly ProjectFile[], name: string): string | undefined {
  return files.find((file) => file.filename === name)?.content;
}

/** A name in the project, of an address that is relative to a file of it. */
function resolved(filename: string, address: string): string {
  try {
    return decodeURIComponent(new URL(address, `file:///${filename}`).pathname.slice(1));
  } catch {
    return "";
  }
}
