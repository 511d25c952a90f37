import { expect, it } from "vitest";
import { Turn, type Locks } from "./turn";

/** Locks as the specification has them, as far as they are needed: one name, in the order of asking. */
class OneLock {
  private last: Promise<unknown> = Promise.resolve();

  readonly locks = {
    request: (_: string, { signal }: { signal: AbortSignal }, hold: () => Promise<void>) => {
      const held = this.last.then(() => (signal.aborted ? undefined : hold()));
      this.last = held;
      return held;
    },
  } as unknown as Locks;
}

/** Who has begun, in order. */
async function begun(tabs: readonly Turn[], then: () => void = () => undefined): Promise<number[]> {
  const order: number[] = [];
  tabs.forEach((tab, index) => tab.take(() => order.push(index)));
  await Promise.resolve();
  then();
  await new Promise((resolve) => setTimeout(resolve));
  return order;
}

function tabs(count: number, locks: Locks | undefined): Turn[] {
  return Array.from({ length: count }, () => new Turn("x", locks));
}

it("one tab has it at a time", async () => {
  expect(await begun(tabs(2, new OneLock().locks))).toEqual([0]);
});

it("the next one has it when it is given back", async () => {
  const [one, two] = tabs(2, new OneLock().locks) as [Turn, Turn];
  expect(await begun([one, two], () => one.give())).toEqual([0, 1]);
});

it("who stops waiting does not have it later", async () => {
  const [one, two, three] = tabs(3, new OneLock().locks) as [Turn, Turn, Turn];
  const giveTwo = () => [two.give(), one.give()];
  expect(await begun([one, two, three], () => void giveTwo())).toEqual([0, 2]);
});

it("all tabs have it where there are no locks", async () => {
  expect(await begun(tabs(2, undefined))).toEqual([0, 1]);
});
