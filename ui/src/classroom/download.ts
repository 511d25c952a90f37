import { t } from "../i18n";
import { stepTitle } from "../class/steps";
import { columnsOf, type Classroom } from "./classroom";
import { asCsv, inResultsOrder, type ResultsOrder } from "./results";

/** Gives the visitor the results as a file, in the order in which they are shown. */
export function saveResults(state: Classroom, order: ResultsOrder | undefined): void {
  const columns = columnsOf(state);
  const text = asCsv(columns, inResultsOrder(state.students.values(), columns, order), {
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
