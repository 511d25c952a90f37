/** Where the browser says that we are, as often as others need to know it. */
import { metresBetween, rounded, type Place } from "../map/places";
import type { Following, Spot } from "./state";

const LEAST_M = 10;
const LEAST_MS = 30_000;
const OPTIONS = { enableHighAccuracy: true, maximumAge: 5_000, timeout: 20_000 };

export interface Fix extends Place {
  /** In metres. */
  accuracy: number;
  /** In milliseconds. */
  at: number;
}

/** Whether somebody has moved, or is known much better, or has not been heard of for a while. */
export function isWorthTelling(before: Fix | undefined, now: Fix): boolean {
  return (
    before === undefined ||
    metresBetween(before, now) > LEAST_M ||
    now.accuracy < before.accuracy / 2 ||
    now.at - before.at >= LEAST_MS
  );
}

export class Follower {
  private watch: number | undefined;
  private last: Fix | undefined;

  constructor(
    private readonly place: (spot: Spot) => void,
    private readonly tell: (following: Following) => void,
  ) {}

  start(): void {
    this.stop();
    // Browsers tell the place to pages over HTTPS only, and to those of this very machine.
    if (!window.isSecureContext || !("geolocation" in navigator)) {
      this.tell("insecure");
      return;
    }
    this.tell("asking");
    this.watch = navigator.geolocation.watchPosition(
      (position) => this.found(position),
      (problem) => this.failed(problem),
      OPTIONS,
    );
  }

  stop(): void {
    if (this.watch !== undefined) {
      navigator.geolocation.clearWatch(this.watch);
    }
    this.watch = undefined;
    this.last = undefined;
    this.tell("off");
  }

  private found({ coords }: GeolocationPosition): void {
    const { latitude, longitude, accuracy } = coords;
    // Not the position's own time: some devices tell that of their satellites.
    const fix = { latitude, longitude, accuracy, at: Date.now() };
    this.tell("on");
    if (isWorthTelling(this.last, fix)) {
      this.last = fix;
      this.place({ ...rounded(fix), accuracy, source: "browser" });
    }
  }

  private failed(problem: GeolocationPositionError): void {
    if (problem.code === problem.PERMISSION_DENIED) {
      this.stop();
      this.tell("denied");
    } else {
      this.tell("unknown"); // and goes on: a telephone may leave a cellar
    }
  }
}
