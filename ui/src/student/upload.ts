/** Text files from the disk; what is no text, or too large to be sent, is named. */
import type { ProjectFile } from "./project";
import { BATCH_BYTES, fits } from "./sharing";

export interface Upload {
  files: ProjectFile[];
  problems: { name: string; problem: "no_text" | "too_large"; bytes: number }[];
}

export async function read(chosen: readonly File[]): Promise<Upload> {
  const upload: Upload = { files: [], problems: [] };
  for (const file of chosen) {
    const content = file.size > BATCH_BYTES ? undefined : await textOf(file);
    if (content === undefined || content === null) {
      const problem = content === null ? "no_text" : "too_large";
      upload.problems.push({ name: file.name, problem, bytes: file.size });
    } else if (!fits(content)) {
      upload.problems.push({ name: file.name, problem: "too_large", bytes: file.size });
    } else {
      upload.files.push({ filename: file.name, content });
    }
  }
  return upload;
}

async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\u0000") ? null : text;
  } catch {
    return null;
  }
}
