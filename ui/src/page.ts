/** What the server wrote into the page for this visitor; its shape is `quad/pages.py`'s `Shell`. */
export interface PageValues {
  /** The path below which this server lives behind a proxy, without a slash at its end: "" or "/quad". */
  root: string;
  /** Where Socket.IO is served, with slashes around: "/socket.io/". */
  socketPath: string;
  /** The language that the visitor chose, or that the browser asks for and we have. */
  language: string;
  /** The colours that the visitor chose; `appearance.ts` knows them. */
  theme: string;
  /** Which page: `main.ts` knows them. */
  page: string;
  /** What this page needs beyond that. */
  values: Record<string, unknown>;
  /** For the styles that CodeMirror adds while it runs. */
  nonce: string;
}

const EMPTY: PageValues = {
  root: "",
  socketPath: "/socket.io/",
  language: "en",
  theme: "auto",
  page: "front",
  values: {},
  nonce: "",
};

function read(): PageValues {
  const element = typeof document === "undefined" ? null : document.getElementById("page");
  const values = element?.textContent ? (JSON.parse(element.textContent) as PageValues) : EMPTY;
  return { ...EMPTY, ...values };
}

export const page = read();

/** The address of a path of this server, for links and requests. */
export function path(rest: string): string {
  return page.root + rest;
}

/** The same with the host, for what people copy. */
export function address(rest: string): string {
  return location.origin + path(rest);
}
