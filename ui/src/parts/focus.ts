import { tick } from "svelte";

/**
 * To be called before something is drawn anew, in `$effect.pre`: if that takes away what has the
 * focus in `part`, `next` gets it, so that keys and screen readers go on nearby and not at the top.
 */
export function keepFocus(
  part: HTMLElement | undefined,
  next: () => HTMLElement | null | undefined,
): void {
  if (!part?.contains(document.activeElement)) {
    return;
  }
  void tick().then(() => {
    if (document.activeElement === document.body) {
      next()?.focus();
    }
  });
}
