import { t } from "../i18n";
import type { Why } from "../run/checks";

/** Why a check has failed, for people. */
export function whyText(why: Why): string {
  switch (why.kind) {
    case "fault": {
      const { kind, message, line } = why.fault;
      const text = message === "" ? kind : `${kind}: ${message}`;
      return line === undefined ? text : t("teaching.why.at", { text, line });
    }
    case "output":
      return outputText(why);
    case "time":
      return t("teaching.why.time", { seconds: why.seconds });
    case "lost":
      return t("teaching.why.lost");
  }
}

function outputText({ line, printed, expected }: Extract<Why, { kind: "output" }>): string {
  if (printed === undefined) {
    return t("teaching.why.less", { line, expected: expected ?? "" });
  }
  return expected === undefined
    ? t("teaching.why.more", { line, printed })
    : t("teaching.why.other", { line, printed, expected });
}
