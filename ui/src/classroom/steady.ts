/**
 * Lists that are made anew with every event: gives the list of the last time if this one is equal, so
 * that nothing is moved or drawn for it.
 */
export function steadyList<T>(): (list: readonly T[]) => readonly T[] {
  let before: readonly T[] = [];
  return (list) => {
    const isSame =
      list.length === before.length && list.every((item, index) => item === before[index]);
    before = isSame ? before : list;
    return before;
  };
}
