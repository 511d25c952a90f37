/**
 * What this browser remembers of somebody: their place, in this tab the messages and the draft, and
 * for all tabs what is not sent yet, each message by itself: a tab may be closed before it is.
 */
import { isLatitude, isLongitude } from "../map/places";
import { forget, keep, kept, keptKeys } from "../wire/kept";
import type { Source, Spot } from "./state";
import { unsent, type Message, type Waiting } from "./talk";

const SOURCES: readonly string[] = ["browser", "hand", "map", "building"] satisfies Source[];
const FEWER_MESSAGES = 50;

export class Kept {
  private readonly spotKey: string;
  private readonly messagesKey: string;
  private readonly draftKey: string;
  private readonly waitingKey: string;
  private keptWaiting = new Set<string>();

  constructor(user: string) {
    this.spotKey = `nearby/place/${user}`;
    this.messagesKey = `quad/1/nearby/messages/${user}`;
    this.draftKey = `quad/1/nearby/draft/${user}`;
    this.waitingKey = `nearby/waiting/${user}/`;
  }

  get spot(): Spot | undefined {
    return kept(this.spotKey, asSpot);
  }

  keepSpot(spot: Spot): void {
    keep(this.spotKey, spot);
  }

  forgetSpot(): void {
    forget(this.spotKey);
  }

  get messages(): Message[] {
    const messages = parsed(stored(this.messagesKey) ?? "[]");
    return Array.isArray(messages) ? messages.filter(isMessage) : [];
  }

  keepMessages(messages: readonly Message[]): void {
    // A tab has room for some millions of letters: a few long messages must not cost the rest.
    if (!store(this.messagesKey, JSON.stringify(messages))) {
      store(this.messagesKey, JSON.stringify(messages.slice(-FEWER_MESSAGES)));
    }
    this.keepWaiting(messages);
  }

  /** What any tab has written and not sent, the oldest first. */
  get waiting(): Waiting[] {
    return keptKeys(this.waitingKey)
      .flatMap((key) => kept(key, asWaiting) ?? [])
      .sort((a, b) => a.at - b.at);
  }

  private keepWaiting(messages: readonly Message[]): void {
    const still = new Set<string>();
    for (const { text, at, letter } of unsent(messages)) {
      if (letter !== undefined) {
        still.add(letter.key);
        if (!this.keptWaiting.has(letter.key)) {
          keep(this.waitingKey + letter.key, { key: letter.key, to: letter.to, text, at });
        }
      }
    }
    for (const key of this.keptWaiting) {
      if (!still.has(key)) {
        forget(this.waitingKey + key);
      }
    }
    this.keptWaiting = still;
  }

  get draft(): string {
    return stored(this.draftKey) ?? "";
  }

  keepDraft(text: string): void {
    store(this.draftKey, text);
  }

  /** Somebody logs out: the next one at this browser must not see it. */
  forget(): void {
    this.forgetSpot();
    store(this.messagesKey, "[]");
    store(this.draftKey, "");
    for (const key of keptKeys(this.waitingKey)) {
      forget(key);
    }
  }
}

function asWaiting(value: unknown): Waiting | undefined {
  const { key, text, at, to } = value as Partial<Waiting>;
  const isOne = typeof key === "string" && typeof text === "string" && typeof at === "number";
  return isOne && to && Array.isArray(to.names) ? { key, text, at, to } : undefined;
}

function asSpot(value: unknown): Spot | undefined {
  const { latitude, longitude, source, accuracy } = value as Spot;
  const isOne = isLatitude(latitude) && isLongitude(longitude) && SOURCES.includes(source);
  return isOne ? { latitude, longitude, source, accuracy } : undefined;
}

function isMessage(value: unknown): value is Message {
  const { number, text, at, from, letter } = (value ?? {}) as Partial<Message>;
  const isWhole = typeof number === "number" && typeof text === "string" && typeof at === "number";
  return isWhole && (typeof from === "string" || typeof letter?.key === "string");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // somebody else has written there
  }
}

function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // storage is switched off: then nothing is kept
  }
}

function store(key: string, text: string): boolean {
  try {
    sessionStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
