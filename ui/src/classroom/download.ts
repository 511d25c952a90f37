import { t } from "../i18n";
import { stepTitle } from "../class/steps";
import { columnsOf, type Classroom } from "./classroom";
import { asCsv } from "./results";

/** Gives the visitor the results as a file. */
export function saveResults(state: Classroom): void {
  const text = asCsv(columnsOf(state), state.students.values(), {
    student: t("classroom.results.student"),
    percent: t("classroom.results.percent"),
    task: stepTitle,
    status: (status) => t(`class.status.${status}`),
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = `class-${state.room}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
