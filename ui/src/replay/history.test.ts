import { describe, expect, it } from "vitest";
import { EMPTY, extended, FRAME_EDITS, filesAt, shownAt, type History } from "./history";
import { Lines, type Edit, type Files, type Line } from "./lines";
import { bodyOf, historyOf, linesOf, SENT, THINNED_SENT, type Project } from "./scenes";

const project = (files: Files): Project => Object.fromEntries(files);

/** All versions, by units and one splice after the other, as the server counts. */
function versionsOf(lines: readonly Line[]): Project[] {
  const units = new Map<string, string[]>();
  const versions: Project[] = [];
  const note = (): void => {
    versions.push(Object.fromEntries([...units].map(([name, text]) => [name, text.join("")])));
  };
  for (const line of lines) {
    if ("files" in line) {
      line.files.forEach((text, name) => units.set(name, text.split("")));
      note();
    } else if ("edit" in line) {
      const { filename, start, removed, inserted, isLast } = line.edit;
      const text = units.get(filename) ?? [];
      text.splice(start, removed, ...inserted.split(""));
      units.set(filename, text);
      if (isLast) {
        units.delete(filename);
      }
      note();
    }
  }
  return versions;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Somebody who writes anything anywhere, also in the middle of 😀. */
function scribbled(seed: number, count: number): Line[] {
  const chance = seeded(seed);
  const any = (most: number): number => Math.floor(chance() * most);
  const lengths = new Map<string, number>();
  return Array.from({ length: count }, (_, place) => {
    const filename = ["a.py", "б.txt"][any(2)] ?? "";
    const length = lengths.get(filename) ?? 0;
    const start = any(length + 1);
    const isLast = any(20) === 0;
    const removed = isLast ? length - start : any(Math.min(4, length - start + 1));
    const inserted = isLast ? "" : (["", "x", "😀", "é\n", "слово"][any(5)] ?? "");
    lengths.set(filename, isLast ? 0 : length - removed + inserted.length);
    const edit: Edit = {
      seq: place + 1,
      at: 1000 * place,
      filename,
      start: isLast ? 0 : start,
      removed: isLast ? length : removed,
      inserted,
      isLast,
      isThinned: false,
      isPasted: false,
    };
    return { edit };
  });
}

describe("the files at any point", () => {
  const cases: [string, Line[]][] = [
    ["recorded", linesOf("written")],
    ["thinned", linesOf("thinned")],
    ...[1, 2, 3].map((seed): [string, Line[]] => [`of seed ${seed}`, scribbled(seed, 700)]),
  ];

  it.each(cases)("are what the splices say, there and back and anywhere: %s", (_, lines) => {
    const history = extended(EMPTY, lines);
    const [...versions] = versionsOf(lines);
    const count = history.edits.length;
    const start = versions.length - count - 1;
    if (start < 0) {
      versions.unshift({});
    }
    const on = [...history.edits.keys(), count];
    const chance = seeded(5);
    const anywhere = on.map(() => Math.floor(chance() * (count + 1)));
    for (const index of [...on, ...[...on].reverse(), ...anywhere]) {
      expect(project(filesAt(history, index))).toEqual(versions[index]);
    }
    expect(count).toBeGreaterThan(20);
  });

  it("are the versions that were sent, in their order", () => {
    const history = historyOf("written");
    expect(history.edits.length).toBeGreaterThan(2 * FRAME_EDITS);
    let index = 0;
    for (const version of SENT) {
      while (JSON.stringify(sorted(filesAt(history, index))) !== JSON.stringify(sorted(version))) {
        index++;
        expect(index).toBeLessThanOrEqual(history.edits.length);
      }
    }
    expect(index).toBe(history.edits.length);
  });

  it("end with the last version that was sent, also where the beginning was thinned", () => {
    expect(project(historyOf("thinned").last)).toEqual(THINNED_SENT[0]);
    expect(historyOf("thinned").edits.some(({ isThinned }) => isThinned)).toBe(true);
  });
});

const sorted = (files: Files | Project): [string, string][] =>
  [...(files instanceof Map ? files : Object.entries(files as Project))].sort();

describe("what comes while one looks", () => {
  it("makes the same history as all of it at once", () => {
    const whole = historyOf("written");
    const later = linesOf("written, later");
    const first = later.find((line) => "edit" in line);
    const after = first && "edit" in first ? first.edit.seq : 0;
    const before = linesOf("written").filter((line) => !("edit" in line) || line.edit.seq < after);
    const grown = extended(extended(EMPTY, before), later);
    expect(grown).toEqual(whole);
  });

  it("changes nothing if a mark is told again", () => {
    const history = historyOf("happened");
    const marks = linesOf("happened").filter((line) => "mark" in line);
    expect(extended(history, marks)).toEqual(history);
  });
});

it("lines are whole, however the text is cut", () => {
  const body = bodyOf("happened");
  const lines = new Lines();
  const pieces = body.match(/[^]{1,7}/g) ?? [];
  expect(pieces.flatMap((piece) => [...lines.push(piece)])).toEqual(linesOf("happened"));
});

it("what was just changed is known with what stood there before", () => {
  const history: History = extended(EMPTY, scribbled(4, 300));
  for (const index of [1, 2, 128, 129, 300]) {
    const { files, edit, before } = shownAt(history, index);
    expect(edit).toBe(history.edits[index - 1]);
    expect(before).toBe(filesAt(history, index - 1).get(edit?.filename ?? "") ?? "");
    expect(project(files)).toEqual(project(filesAt(history, index)));
  }
  expect(shownAt(history, 0).edit).toBeUndefined();
});
