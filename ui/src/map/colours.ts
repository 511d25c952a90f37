/** The page's colours for what is drawn on a canvas, which knows no CSS variables. */
export interface Colours {
  sheet: string;
  line: string;
  edge: string;
  text: string;
  quiet: string;
  accent: string;
  onAccent: string;
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    sheet: read("sheet"),
    line: read("line"),
    edge: read("edge"),
    text: read("text"),
    quiet: read("quiet"),
    accent: read("accent"),
    onAccent: read("on-accent"),
  };
}

/** A colour of the form #rrggbb, let through. */
export function faded(colour: string, opacity: number): string {
  const parts = /^#(..)(..)(..)$/.exec(colour)?.slice(1) ?? [];
  const [red = 128, green = 128, blue = 128] = parts.map((part) => parseInt(part, 16));
  return `rgba(${red},${green},${blue},${opacity})`;
}
