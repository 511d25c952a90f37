/** What a page puts into the header that all pages have, in the place of its title. */
import type { Snippet } from "svelte";

let shown: Snippet | undefined = $state.raw();

export function inHeader(): Snippet | undefined {
  return shown;
}

/** Shows it there until what is returned is called. */
export function occupyHeader(content: Snippet): () => void {
  shown = content;
  return () => {
    if (shown === content) {
      shown = undefined;
    }
  };
}
