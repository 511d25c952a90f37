import { describe, expect, test } from "vitest";
import { meet, placed, wrapped, type Box, type Label, type Shift } from "./labels";

const VIEW: Box = { left: 0, top: 0, right: 390, bottom: 600 };

function label(id: string, x: number, y: number, more: Partial<Label> = {}): Label {
  return { id, x, y, reach: 20, width: 80, height: 16, rank: 0, ...more };
}

function box({ x, y, width, height }: Label, shift: Shift): Box {
  return {
    left: x + shift.x - width / 2,
    right: x + shift.x + width / 2,
    top: y + shift.y - height / 2,
    bottom: y + shift.y + height / 2,
  };
}

function boxes(labels: readonly Label[], obstacles: readonly Box[] = []): Map<string, Box> {
  const shifts = placed(labels, obstacles, VIEW);
  return new Map(
    labels.flatMap((each) => {
      const shift = shifts.get(each.id);
      return shift ? [[each.id, box(each, shift)] as const] : [];
    }),
  );
}

describe("names on the map", () => {
  test("stand in the middle of a building where nothing is in the way", () => {
    expect(placed([label("a", 200, 200)], [], VIEW).get("a")).toEqual({ x: 0, y: 0 });
  });

  test("leave one's own place free", () => {
    const me: Box = { left: 189, top: 189, right: 211, bottom: 211 };
    const found = boxes([label("a", 200, 200, { reach: 90 })], [me]).get("a");
    expect(found && meet(found, me)).toBe(false);
  });

  test("of neighbours are all there, and none lies on another", () => {
    const labels = ["a", "b", "c", "d", "e"].map((id, index) =>
      label(id, 180 + 9 * index, 300 + 7 * index),
    );
    const found = [...boxes(labels).values()];
    expect(found).toHaveLength(5);
    found.forEach((one, index) => {
      expect(found.slice(index + 1).some((other) => meet(one, other))).toBe(false);
    });
  });

  test("are not cut off at the edge, and keep off what lies on the map", () => {
    const scale: Box = { left: 0, top: 560, right: 110, bottom: 600 };
    for (const each of [label("a", 3, 300), label("b", 388, 2), label("c", 20, 570)]) {
      const found = boxes([each], [scale]).get(each.id);
      expect(found && found.left >= 0 && found.right <= 390 && found.top >= 0).toBe(true);
      expect(found && meet(found, scale)).toBe(false);
    }
  });

  test("without room stay away, the more important ones last", () => {
    const crowd = Array.from({ length: 60 }, (_, index) => label(`${index}`, 200, 300));
    const mine = label("mine", 200, 300, { rank: 1 });
    const shifts = placed([...crowd, mine], [], VIEW);
    expect(shifts.get("mine")).toEqual({ x: 0, y: 0 });
    expect(shifts.size).toBeLessThan(crowd.length);
  });

  test("of buildings out of sight stay away", () => {
    expect(placed([label("a", -5, 300)], [], VIEW).size).toBe(0);
  });
});

test.each([
  ["Tower", "Tower"],
  ["Central Pavilion of Civil Engineering", "Central Pavilion of\nCivil Engineering"],
  ["Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffahrtsgesellschaft"],
])("a long name takes two lines: %s", (text, lines) => {
  expect(wrapped(text, 18)).toBe(lines);
});
