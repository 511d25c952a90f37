import { withPicturesInside } from "../exchange/pictures";
import { language, t } from "../i18n";
import { saveAs } from "../parts/saving";
import type { Task } from "../wire/generated";
import type { Classroom } from "./classroom";
import { columnsOf } from "./columns";
import { asCsv, inResultsOrder, type ResultsOrder } from "./results";
import { asTaskFile } from "./taskfile";

/** Gives the visitor the results as a file, in the order in which they are shown. */
export function saveResults(state: Classroom, order: ResultsOrder | undefined): void {
  const columns = columnsOf(state);
  const text = asCsv(columns, inResultsOrder(state.students.values(), columns, order), {
    student: t("classroom.results.student"),
    percent: t("classroom.results.percent"),
    status: (status) => t(`class.status.${status}`),
  });
  saveAs(new Blob([text], { type: "text/csv;charset=utf-8" }), `class-${state.room}.csv`);
}

/** Gives the visitor tasks as a file, which the editor opens again; its pictures are in it. */
export async function saveTasks(room: number, tasks: readonly Task[]): Promise<void> {
  const title = t("tasks.file_title", { room: String(room) });
  const whole = await Promise.all(
    tasks.map(async (task) => ({ ...task, content: await withPicturesInside(task.content) })),
  );
  const page = asTaskFile(whole, title, language);
  saveAs(new Blob([page], { type: "text/html;charset=utf-8" }), `tasks-${room}.html`);
}
