/** A text beside another one, to be read. Loaded only when there is something to compare. */
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { normalised } from "./changes";
import { difference } from "./difference";
import { languageOf, look } from "./look";

export interface Compared {
  filename: string;
  label: string;
  /** What is no more where `now` has something else. */
  before: string;
  now: string;
}

/** Shows it below `parent`; what is returned takes it away. */
export function showCompared(parent: HTMLElement, { filename, label, before, now }: Compared) {
  const language = new Compartment();
  const extensions = [
    look(label),
    difference(normalised(before)),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.lineWrapping,
    // Not editable, it would be out of the keyboard's reach.
    EditorView.contentAttributes.of({ tabindex: "0", "aria-readonly": "true" }),
    language.of([]),
  ];
  const state = EditorState.create({ doc: normalised(now), extensions });
  const view = new EditorView({ parent, state });
  void languageOf(filename).then((extension) =>
    view.dispatch({ effects: language.reconfigure(extension) }),
  );
  return () => view.destroy();
}
