/** An editor for one's own code. Loaded only when there is something to edit. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Transaction } from "@codemirror/state";
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
} from "@codemirror/view";
import { changes, normalised } from "./changes";
import { languageOf, look } from "./look";

export interface EditorOptions {
  label: string;
  /** For screen readers: how to leave the editor, where Tab indents. */
  hint: string;
  changed: (filename: string, content: string) => void;
}

export class Editor {
  private readonly view: EditorView;
  private readonly language = new Compartment();
  /** What was done to each file, so that it can be undone after a look at another one. */
  private readonly known = new Map<string, EditorState>();
  private filename: string | undefined;

  constructor(
    parent: HTMLElement,
    private readonly options: EditorOptions,
  ) {
    this.view = new EditorView({ parent, state: this.fresh("") });
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

  destroy(): void {
    this.view.destroy();
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
            this.options.changed(this.filename, update.state.doc.toString());
          }
        }),
        this.language.of([]),
      ],
    });
  }
}
