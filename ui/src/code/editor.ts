/** An editor for one's own code. Loaded only when there is something to edit. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Transaction, type Extension } from "@codemirror/state";
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  type ViewUpdate,
} from "@codemirror/view";
import { changes, normalised } from "./changes";
import { languageOf, look } from "./look";

export interface EditorOptions {
  label: string;
  /** For screen readers: how to leave the editor, where Tab indents. */
  hint: string;
  /** `isPasted`: whether any of the text came so. */
  changed: (filename: string, content: string, isPasted: boolean) => void;
}

// As wide as the page of the class shows one thing at a time: long lines would scroll out of sight.
const NARROW = "(max-width: 59.99rem)";

export class Editor {
  private readonly view: EditorView;
  private readonly language = new Compartment();
  private readonly wrapping = new Compartment();
  private readonly narrow = matchMedia(NARROW);
  /** What was done to each file, so that it can be undone after a look at another one. */
  private readonly known = new Map<string, EditorState>();
  private filename: string | undefined;

  constructor(
    parent: HTMLElement,
    private readonly options: EditorOptions,
  ) {
    this.view = new EditorView({ parent, state: this.fresh("") });
    this.narrow.addEventListener("change", this.wrap);
  }

  /** Shows a file; a content that comes from elsewhere replaces what was typed, and can be undone. */
  open(filename: string, content: string): void {
    const text = normalised(content);
    if (filename !== this.filename) {
      this.turnTo(filename, text);
    }
    const made = changes(this.view.state.doc.toString(), text);
    if (made.length > 0) {
      this.view.dispatch({ changes: made, annotations: Transaction.remote.of(true) });
    }
  }

  focus(): void {
    this.view.focus();
  }

  /** Puts the cursor at the beginning of a line, counted from 1, and shows it. */
  goTo(line: number): void {
    const { doc } = this.view.state;
    const { from } = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const effects = EditorView.scrollIntoView(from, { y: "center" });
    this.view.dispatch({ selection: { anchor: from }, effects });
    this.view.focus();
  }

  destroy(): void {
    this.narrow.removeEventListener("change", this.wrap);
    this.view.destroy();
  }

  private readonly wrap = (): void => {
    this.view.dispatch({ effects: this.wrapping.reconfigure(this.wrapped()) });
  };

  private wrapped(): Extension {
    return this.narrow.matches ? EditorView.lineWrapping : [];
  }

  private turnTo(filename: string, text: string): void {
    if (this.filename !== undefined) {
      this.known.set(this.filename, this.view.state);
    }
    this.filename = filename;
    const before = this.known.get(filename);
    this.view.setState(before ?? this.fresh(text));
    if (before === undefined) {
      void this.speak(filename);
    } else {
      this.wrap();
    }
  }

  private async speak(filename: string): Promise<void> {
    const extension = await languageOf(filename);
    if (this.filename === filename) {
      this.view.dispatch({ effects: this.language.reconfigure(extension) });
    }
  }

  private fresh(doc: string): EditorState {
    return EditorState.create({
      doc,
      extensions: [
        look(this.options.label),
        history(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ "aria-description": this.options.hint }),
        EditorView.updateListener.of((update) => {
          const isOwn = update.transactions.every((each) => !each.annotation(Transaction.remote));
          if (update.docChanged && isOwn && this.filename !== undefined) {
            this.options.changed(this.filename, update.state.doc.toString(), hasPasted(update));
          }
        }),
        this.language.of([]),
        this.wrapping.of(this.wrapped()),
      ],
    });
  }
}

/** Text that was dropped comes from elsewhere as well. */
function hasPasted({ transactions }: ViewUpdate): boolean {
  return transactions.some(
    (each) => each.isUserEvent("input.paste") || each.isUserEvent("input.drop"),
  );
}
