/** A view of code that somebody else writes. Loaded only when there is code to show. */
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, type DecorationSet } from "@codemirror/view";
import { changes, normalised } from "./changes";
import { languageOf, look } from "./look";

// How long a changed line stays marked.
const MARKED_MS = 20_000;

const mark = StateEffect.define<readonly { from: number; to: number }[]>();
const unmark = StateEffect.define<null>();

const changedLine = Decoration.line({ class: "cm-changed" });

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(unmark)) {
        next = Decoration.none;
      } else if (effect.is(mark)) {
        next = withLines(next, transaction.state, effect.value);
      }
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** What was shown of a file last: its state, and where it was scrolled to. */
interface Shown {
  state: EditorState;
  scroll: StateEffect<unknown>;
}

export class Viewer {
  private readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly known = new Map<string, Shown>();
  private filename: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    parent: HTMLElement,
    private readonly label: string,
  ) {
    this.view = new EditorView({ parent, state: this.fresh("") });
  }

  /** Shows a file; if it was shown before, what has changed since is marked. */
  show(filename: string, content: string): void {
    const text = normalised(content);
    if (filename !== this.filename) {
      this.turnTo(filename, text);
    }
    const made = changes(this.view.state.doc.toString(), text);
    if (made.length > 0) {
      this.change(made);
    }
  }

  /** Brings a line of the file that is shown into sight, counted from 1, marks it, and takes the focus. */
  goTo(number: number): void {
    const { doc } = this.view.state;
    const { from } = doc.line(Math.max(1, Math.min(number, doc.lines)));
    const effects = EditorView.scrollIntoView(from, { y: "center" });
    this.view.dispatch({
      selection: { anchor: from },
      effects: [effects, mark.of([{ from, to: from }])],
    });
    this.view.focus();
    this.unmarkLater();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.view.destroy();
  }

  private turnTo(filename: string, text: string): void {
    if (this.filename !== undefined) {
      const { state } = this.view;
      this.known.set(this.filename, { state, scroll: this.view.scrollSnapshot() });
    }
    this.filename = filename;
    const before = this.known.get(filename);
    this.view.setState(before?.state ?? this.fresh(text));
    if (before !== undefined) {
      this.view.dispatch({ effects: [unmark.of(null), before.scroll] });
    } else {
      void this.speak(filename);
    }
  }

  private async speak(filename: string): Promise<void> {
    const extension = await languageOf(filename);
    if (this.filename === filename) {
      this.view.dispatch({ effects: this.language.reconfigure(extension) });
    }
  }

  private change(made: { from: number; to: number; insert: string }[]): void {
    const state = this.view.state;
    const set = state.changes(made);
    const places = made.map(({ from, insert }) => {
      const start = set.mapPos(from, -1);
      // A line break at the end belongs to the line before it.
      return { from: start, to: start + insert.replace(/\n$/, "").length };
    });
    this.view.dispatch({ changes: set, effects: mark.of(places) });
    this.unmarkLater();
  }

  private unmarkLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.view.dispatch({ effects: unmark.of(null) }), MARKED_MS);
  }

  private fresh(doc: string): EditorState {
    return EditorState.create({
      doc,
      extensions: [
        look(this.label),
        marks,
        keymap.of(searchKeymap),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        // Not editable, it would be out of the keyboard's reach.
        EditorView.contentAttributes.of({ tabindex: "0", "aria-readonly": "true" }),
        this.language.of([]),
      ],
    });
  }
}

function withLines(
  shown: DecorationSet,
  state: EditorState,
  places: readonly { from: number; to: number }[],
): DecorationSet {
  const starts = new Set<number>();
  for (const { from, to } of places) {
    const last = state.doc.lineAt(Math.min(to, state.doc.length)).number;
    for (
      let line = state.doc.lineAt(Math.min(from, state.doc.length)).number;
      line <= last;
      line++
    ) {
      starts.add(state.doc.line(line).from);
    }
  }
  return shown.update({
    filter: (from) => !starts.has(from),
    add: [...starts].sort((a, b) => a - b).map((start) => changedLine.range(start)),
  });
}
