/** Why a check has failed, in words. */
import { t } from "../i18n";
import type { Why } from "./checks";

/** The server keeps no more. */
const LONGEST = 1_000;
/** Of a line that is compared. */
const LONGEST_LINE = 200;

export function whyText(why: Why): string {
  return words(why).slice(0, LONGEST);
}

function words(why: Why): string {
  switch (why.kind) {
    case "fault": {
      const { kind, message, line } = why.fault;
      const fault = message === "" ? kind : `${kind}: ${message}`;
      return line === undefined ? fault : t("study.checks.fault", { fault, line });
    }
    case "output": {
      const { line, printed, expected } = why;
      if (expected === undefined) {
        return t("study.checks.more", { line, printed: cut(printed ?? "") });
      }
      return printed === undefined
        ? t("study.checks.less", { line, expected: cut(expected) })
        : t("study.checks.other", { line, printed: cut(printed), expected: cut(expected) });
    }
    case "time":
      return t("study.checks.time", { seconds: why.seconds });
    case "lost":
      return t("study.checks.lost");
  }
}

function cut(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}
