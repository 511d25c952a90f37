/** What keys do in a history. Pure. */
import type { Replay } from "./replay.svelte";

export type Action = (
  replay: Pick<Replay, "leap" | "step" | "toEnd" | "toggle" | "toStart">,
) => void;

/** What a key asks for; undefined where it means something else, or nothing. */
export function actionOf(event: KeyboardEvent): Action | undefined {
  const target = event.target instanceof Element ? event.target : undefined;
  const isTaken = event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey;
  if (isTaken || isAnothers(event.key, target)) {
    return undefined;
  }
  switch (event.key) {
    case " ":
      return (replay) => replay.toggle();
    case "ArrowLeft":
      return (replay) => (event.shiftKey ? replay.leap(-1) : replay.step(-1));
    case "ArrowRight":
      return (replay) => (event.shiftKey ? replay.leap(1) : replay.step(1));
    case "Home":
      return (replay) => replay.toStart();
    case "End":
      return (replay) => replay.toEnd();
    default:
      return undefined;
  }
}

/** A button is pressed by the space bar; lists, tabs and the code have arrows of their own. */
function isAnothers(key: string, target: Element | undefined): boolean {
  const taken = key === " " ? "button, select, a, summary" : "select, [role=tablist], .cm-editor";
  return Boolean(target?.closest(taken));
}
