/** The network of the lesson that was recorded (`scenes.ts`). For tests only. */
import { Network as Performed } from "../wire/network";
import { framesOf, type Page, type Scene } from "./scenes";

export { moment, untilTriedAgain } from "../wire/network";

export class Network extends Performed {
  constructor(private readonly page: Page) {
    super();
  }

  /** These happen now, one after the other. */
  play(...scenes: Scene[]): Promise<void> {
    return this.perform(framesOf(this.page, ...scenes));
  }
}
