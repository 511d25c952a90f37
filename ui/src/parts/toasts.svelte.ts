/** Short notices that go by themselves; problems stay longer than good news. */
export type Kind = "info" | "good" | "warning" | "problem";

export interface Toast {
  id: number;
  kind: Kind;
  text: string;
}

const SHOWN_MS: Record<Kind, number> = {
  info: 5_000,
  good: 5_000,
  warning: 9_000,
  problem: 12_000,
};
const MOST = 4;

let shown = $state.raw<readonly Toast[]>([]);
let lastId = 0;

export function toasts(): readonly Toast[] {
  return shown;
}

export function toast(text: string, kind: Kind = "info"): void {
  const known = shown.find((other) => other.text === text && other.kind === kind);
  if (known !== undefined) {
    dismiss(known.id);
  }
  lastId += 1;
  const id = lastId;
  shown = [...shown, { id, kind, text }].slice(-MOST);
  setTimeout(() => dismiss(id), SHOWN_MS[kind]);
}

export function dismiss(id: number): void {
  shown = shown.filter((other) => other.id !== id);
}
