/**
 * Shows a dialog above the page. What is returned closes it and gives the focus back to what had it.
 *
 * It is out of the page by then, so the browser does not, and keys would be lost.
 */
export function shownModal(dialog: HTMLDialogElement): () => void {
  const before = document.activeElement;
  dialog.showModal();
  return () => {
    dialog.close();
    if (before instanceof HTMLElement && before.isConnected) {
      before.focus();
    }
  };
}
