/** A call for help, in words. */
import { lasting } from "../classroom/clock.svelte";
import { t } from "../i18n";
import type { Call } from "./calls";

/** "Needs help for 3 min"; or who helps, or that it has to wait. */
export function callText(call: Call, now: number): string {
  switch (call.state) {
    case "taken":
      return call.by === undefined
        ? t("board.call.taken")
        : t("board.call.taken_by", { by: call.by });
    case "paused":
      return t("board.call.paused");
    case "waiting":
      return waitText(call, now);
  }
}

function waitText({ since }: Call, now: number): string {
  const time = lasting(since, now);
  return time === undefined ? t("classroom.tile.help_now") : t("classroom.tile.help", { time });
}
