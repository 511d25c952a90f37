/**
 * Which tiles are in sight, or will be after a turn of the wheel. Only these show code: what a hundred
 * others type would be drawn, edit by edit, where nobody sees it.
 */
import type { Attachment } from "svelte/attachments";
import { SvelteSet } from "svelte/reactivity";

const AROUND = "300px 0px";

export class Sight {
  private readonly near = new SvelteSet<number>();
  private readonly ids = new WeakMap<Element, number>();
  private observer: IntersectionObserver | undefined;

  has(id: number): boolean {
    return this.near.has(id);
  }

  /** To be attached to a tile inside of what scrolls. */
  watch(id: number): Attachment<HTMLElement> {
    return (tile) => {
      this.observer ??= this.observing(tile.closest("[data-scrolls]"));
      this.ids.set(tile, id);
      this.observer.observe(tile);
      return () => {
        this.observer?.unobserve(tile);
        this.near.delete(id);
      };
    };
  }

  private observing(root: Element | null): IntersectionObserver {
    return new IntersectionObserver((changes) => changes.forEach((each) => this.changed(each)), {
      root,
      rootMargin: AROUND,
    });
  }

  private changed({ target, isIntersecting }: IntersectionObserverEntry): void {
    const id = this.ids.get(target);
    // What was said of a tile before it left may come behind its leaving.
    if (id !== undefined && target.isConnected && isIntersecting) {
      this.near.add(id);
    } else if (id !== undefined) {
      this.near.delete(id);
    }
  }
}
