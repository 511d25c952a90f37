/** Short notices that go by themselves; problems stay longer than good news. */
export type Kind = "info" | "good" | "warning" | "problem";

export interface Action {
  label: string;
  act: () => void;
}

export interface Toast {
  id: number;
  kind: Kind;
  text: string;
  /** What can be done about it while it is shown. */
  action?: Action | undefined;
}

const SHOWN_MS: Record<Kind, number> = {
  info: 5_000,
  good: 5_000,
  warning: 9_000,
  problem: 12_000,
};
// To read it, to decide, and to get there by keys.
const WITH_ACTION_MS = 12_000;
const MOST = 4;

let shown = $state.raw<readonly Toast[]>([]);
let lastId = 0;
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shows it
const timers = new Map<number, ReturnType<typeof setTimeout>>();

export function toasts(): readonly Toast[] {
  return shown;
}

export function toast(text: string, kind: Kind = "info", action?: Action): void {
  const known = shown.find((other) => other.text === text && other.kind === kind);
  if (known !== undefined) {
    dismiss(known.id);
  }
  lastId += 1;
  const id = lastId;
  shown = [...shown, { id, kind, text, action }].slice(-MOST);
  release(id);
}

/** Does what a notice offers, once. */
export function take({ id, action }: Toast): void {
  dismiss(id);
  action?.act();
}

/** It stays as long as somebody points at it, or is in it. */
export function hold(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** From now on it has its time. */
export function release(id: number): void {
  hold(id);
  const notice = shown.find((other) => other.id === id);
  if (notice !== undefined) {
    const ms = notice.action === undefined ? SHOWN_MS[notice.kind] : WITH_ACTION_MS;
    timers.set(
      id,
      setTimeout(() => dismiss(id), ms),
    );
  }
}

export function dismiss(id: number): void {
  hold(id);
  shown = shown.filter((other) => other.id !== id);
}
