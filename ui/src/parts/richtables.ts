/** Tables in the task editor. Cells hold all that a page does, but for another table. */
import { Node, type Editor } from "@tiptap/core";
import {
  addColumnAfter,
  addRowAfter,
  deleteColumn,
  deleteRow,
  deleteTable,
  goToNextCell,
  isInTable,
  tableEditing,
} from "@tiptap/pm/tables";

const CELL = "(paragraph | heading | bulletList | orderedList | blockquote | codeBlock)+";
const ROLES: Record<string, string> = {
  table: "table",
  tableRow: "row",
  tableCell: "cell",
  tableHeader: "header_cell",
};
const SIZE = { rows: 3, columns: 2 };

export const Table = Node.create({
  name: "table",
  group: "block",
  content: "tableRow+",
  isolating: true,
  parseHTML: () => [{ tag: "table" }],
  renderHTML: ({ HTMLAttributes }) => ["table", HTMLAttributes, ["tbody", 0]],
  extendNodeSchema: ({ name }) => (name in ROLES ? { tableRole: ROLES[name] } : {}),
  addProseMirrorPlugins: () => [tableEditing()],
  addKeyboardShortcuts() {
    return {
      // Behind the last cell there is a new row.
      Tab: () =>
        toCell(this.editor, 1) || (run(this.editor, addRowAfter) && toCell(this.editor, 1)),
      "Shift-Tab": () => isInTable(this.editor.state) && (toCell(this.editor, -1), true),
    };
  },
});

export const TableRow = Node.create({
  name: "tableRow",
  content: "(tableCell | tableHeader)*",
  parseHTML: () => [{ tag: "tr" }],
  renderHTML: ({ HTMLAttributes }) => ["tr", HTMLAttributes, 0],
});

export const [TableCell, TableHeader] = (["td", "th"] as const).map((tag) =>
  Node.create({
    name: tag === "td" ? "tableCell" : "tableHeader",
    content: CELL,
    isolating: true,
    addAttributes: () => ({
      colspan: spanned("colspan"),
      rowspan: spanned("rowspan"),
      // Widths are the browser's; prosemirror-tables wants to know of one.
      colwidth: { default: null, rendered: false },
      "data-row": {
        default: null,
        parseHTML: (element: HTMLElement) => element.getAttribute("data-row"),
      },
    }),
    parseHTML: () => [{ tag }],
    renderHTML: ({ HTMLAttributes }) => [tag, HTMLAttributes, 0],
  }),
) as [Node, Node];

export const TABLE_COMMANDS = {
  addRow: addRowAfter,
  addColumn: addColumnAfter,
  deleteRow,
  deleteColumn,
  deleteTable,
};
export type TableCommand = keyof typeof TABLE_COMMANDS;

export function changeTable(editor: Editor, command: TableCommand): void {
  run(editor, TABLE_COMMANDS[command]);
  editor.commands.focus();
}

/** A new table, the cursor in its first cell. */
export function insertTable(editor: Editor): void {
  const row = (type: string) => ({
    type: "tableRow",
    content: Array.from({ length: SIZE.columns }, () => ({
      type,
      content: [{ type: "paragraph" }],
    })),
  });
  const rows = Array.from({ length: SIZE.rows }, (_, at) =>
    row(at === 0 ? "tableHeader" : "tableCell"),
  );
  const { from } = editor.state.selection;
  editor.chain().focus().insertContent({ type: "table", content: rows }).run();
  let first: number | undefined;
  editor.state.doc.nodesBetween(from - 1, editor.state.doc.content.size, (node, position) => {
    first ??= node.type.name === "tableHeader" && position >= from - 1 ? position + 2 : undefined;
    return first === undefined;
  });
  editor.commands.setTextSelection(first ?? from);
}

type Step = typeof addRowAfter;

function run(editor: Editor, step: Step): boolean {
  return step(editor.state, editor.view.dispatch);
}

function toCell(editor: Editor, direction: 1 | -1): boolean {
  return goToNextCell(direction)(editor.state, editor.view.dispatch);
}

/** How many places of the grid a cell takes. */
function spanned(name: "colspan" | "rowspan") {
  return {
    default: 1,
    parseHTML: (element: HTMLElement) => Number(element.getAttribute(name)) || 1,
    renderHTML: (attributes: Record<string, unknown>) =>
      attributes[name] === 1 ? {} : { [name]: attributes[name] },
  };
}
