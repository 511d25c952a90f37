/** What lies over what. */

export type Place = Pick<DOMRect, "left" | "top" | "right" | "bottom">;

/** Higher things are areas, such as an editor: a notice over their edge does not hide where one is. */
const CONTROL_PX = 128;

/** Whether a control, and not an area of the page, is covered, be it in part. */
export function isControlUnder(control: Place, cover: Place): boolean {
  return (
    control.bottom - control.top <= CONTROL_PX &&
    control.left < cover.right &&
    cover.left < control.right &&
    control.top < cover.bottom &&
    cover.top < control.bottom
  );
}
