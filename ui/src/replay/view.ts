/** A view of code at any point of its history. Loaded only with a history. */
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, WidgetType, type DecorationSet } from "@codemirror/view";
import { changes, normalised } from "../code/changes";
import { difference } from "../code/difference";
import { languageOf, look } from "../code/look";
import { between, type Change } from "./between";

export interface Picture {
  filename: string;
  text: string;
  /** What the text was before the change that is shown; undefined if it is of another file. */
  before: string | undefined;
  /** What the text is compared with; undefined: with nothing. */
  original: string | undefined;
}

// Whoever jumps so far sees the text at once; to parse it would take as long again, so colours come
// when the slider rests.
const FAR_UNITS = 1_000;
const COLOURS_MS = 120;
// Of what is gone, so much is shown.
const GONE_UNITS = 60;

const show = StateEffect.define<Change | undefined>();

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(show)) {
        return decorated(transaction.state, effect.value);
      }
    }
    return before;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const theme = EditorView.theme({
  ".cm-new": { backgroundColor: "var(--code-mark)", outline: "1px solid var(--code-mark-edge)" },
  ".cm-gone": {
    color: "var(--wrong)",
    backgroundColor: "var(--wrong-sheet)",
    textDecoration: "line-through",
  },
});

export class View {
  private readonly view: EditorView;
  private readonly language = new Compartment();
  private filename: string | undefined;
  private original: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    parent: HTMLElement,
    private readonly label: string,
  ) {
    this.view = new EditorView({ parent, state: this.fresh("") });
  }

  draw(picture: Picture): void {
    const text = normalised(picture.text);
    const original = picture.original === undefined ? undefined : normalised(picture.original);
    if (picture.filename !== this.filename || original !== this.original) {
      this.turnTo(picture.filename, text, original);
    }
    const change =
      picture.before === undefined ? undefined : between(normalised(picture.before), text);
    // Lines that stay are neither parsed nor drawn anew.
    const way = changes(this.view.state.doc.toString(), text);
    const isFar =
      way.reduce((sum, { from, to, insert }) => sum + to - from + insert.length, 0) > FAR_UNITS;
    this.view.dispatch({
      changes: way,
      effects: [
        ...(isFar ? [this.language.reconfigure([])] : []),
        show.of(original === undefined ? change : undefined),
        ...(change ? [EditorView.scrollIntoView(change.to, { yMargin: 48 })] : []),
      ],
    });
    if (isFar) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.speak(picture.filename), COLOURS_MS);
    }
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.view.destroy();
  }

  private turnTo(filename: string, text: string, original: string | undefined): void {
    this.filename = filename;
    this.original = original;
    clearTimeout(this.timer);
    this.view.setState(this.fresh(text, original));
    void this.speak(filename);
  }

  private async speak(filename: string): Promise<void> {
    const extension = await languageOf(filename);
    if (this.filename === filename) {
      this.view.dispatch({ effects: this.language.reconfigure(extension) });
    }
  }

  private fresh(doc: string, original?: string): EditorState {
    return EditorState.create({
      doc,
      extensions: [
        look(this.label),
        theme,
        shown,
        keymap.of(searchKeymap),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.lineWrapping,
        // Not editable, it would be out of the keyboard's reach.
        EditorView.contentAttributes.of({ tabindex: "0", "aria-readonly": "true" }),
        this.language.of([]),
        original === undefined ? [] : difference(original),
      ],
    });
  }
}

class Gone extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: Gone): boolean {
    return this.text === other.text;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement("del");
    element.className = "cm-gone";
    const text = this.text.replaceAll("\n", "⏎");
    element.textContent = text.length > GONE_UNITS ? `${text.slice(0, GONE_UNITS)}…` : text;
    return element;
  }
}

function decorated(state: EditorState, change: Change | undefined): DecorationSet {
  if (change === undefined) {
    return Decoration.none;
  }
  const { from, to, gone } = change;
  const parts = [Decoration.line({ class: "cm-changed" }).range(state.doc.lineAt(from).from)];
  if (gone !== "") {
    parts.push(Decoration.widget({ widget: new Gone(gone), side: -1 }).range(from));
  }
  if (to > from) {
    parts.push(Decoration.mark({ class: "cm-new" }).range(from, to));
  }
  return Decoration.set(parts, true);
}
