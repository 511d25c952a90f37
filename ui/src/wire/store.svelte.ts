/**
 * Holds a state that only events change, by a pure function; components read `store.state`.
 *
 * Events that arrive in one burst are folded at once and shown once, in the next frame: sixty
 * students who type cost one update of the page a frame and not one each.
 */
export class Store<State, Event> {
  private shown: State = $state.raw() as State;
  private current: State;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    initial: State,
    private readonly reduce: (state: State, event: Event) => State,
  ) {
    this.current = initial;
    this.shown = initial;
  }

  /** What is shown. */
  get state(): State {
    return this.shown;
  }

  /** What is true already, also if it is not shown yet: for decisions, not for display. */
  get latest(): State {
    return this.current;
  }

  /** An event that the visitor caused: shown at once. */
  act(event: Event): void {
    this.current = this.reduce(this.current, event);
    this.show();
  }

  /** An event from the wire: shown with all others of this frame. */
  hear(event: Event): void {
    this.current = this.reduce(this.current, event);
    if (this.frame === 0 && this.timer === undefined) {
      this.frame = requestAnimationFrame(this.show);
      // A page in the background gets no frames, but its title and sounds have to follow.
      this.timer = setTimeout(this.show, 250);
    }
  }

  private readonly show = (): void => {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = 0;
    this.timer = undefined;
    this.shown = this.current;
  };
}
