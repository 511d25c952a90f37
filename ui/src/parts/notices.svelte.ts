/**
 * Sounds and desktop notifications: off until somebody asks for them by a press, and one choice for all
 * pages of this browser (alert's page, `quad/alert/static/notices.js`, reads and writes the same).
 */
import { keep, kept } from "../wire/kept";

export interface Choice {
  sound: boolean;
  desktop: boolean;
}

/** Two short tones, the second higher: a bell that nobody takes for a fault. */
const TONES_HZ = [660, 880];
const TONE_S = 0.14;
const LOUDNESS = 0.2;

let choice = $state.raw<Choice>(kept("notices", asChoice) ?? { sound: false, desktop: false });
let audio: AudioContext | undefined;

export function chosen(): Choice {
  return choice;
}

/** Whether the browser can show notifications here: not on plain HTTP, nor where they were denied. */
export function canNotify(): boolean {
  return isSecureContext && "Notification" in globalThis && Notification.permission !== "denied";
}

/** To be called by a press, which is what browsers want before anything sounds. */
export function chooseSound(isWanted: boolean): void {
  remember({ ...choice, sound: isWanted });
  if (isWanted) {
    chime();
  }
}

/** The same; asks for the browser's permission, and stays off without it. */
export async function chooseDesktop(isWanted: boolean): Promise<void> {
  const isAllowed = isWanted && (await Notification.requestPermission()) === "granted";
  remember({ ...choice, desktop: isAllowed });
}

/** Something happened that somebody waits for. Whoever looks at the page needs no notification. */
export function tell(title: string, text: string): void {
  if (choice.sound) {
    chime();
  }
  if (choice.desktop && !(document.visibilityState === "visible" && document.hasFocus())) {
    void notify(title, text);
  }
}

async function notify(title: string, text: string): Promise<void> {
  // One of each page: the newest takes the place of the one before.
  const options = { body: text, tag: location.pathname };
  try {
    const notice = new Notification(title, options);
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  } catch {
    // On telephones only a service worker may.
    const worker = await navigator.serviceWorker?.getRegistration();
    await worker?.showNotification(title, options);
  }
}

function chime(): void {
  audio ??= new AudioContext();
  // Until the page was touched, browsers keep it silent.
  void audio.resume();
  TONES_HZ.forEach((frequency, index) => ring(audio as AudioContext, frequency, index * TONE_S));
}

function ring(context: AudioContext, frequency: number, inS: number): void {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  const start = context.currentTime + inS;
  tone.frequency.value = frequency;
  loudness.gain.setValueAtTime(LOUDNESS, start);
  loudness.gain.exponentialRampToValueAtTime(0.001, start + 2 * TONE_S);
  tone.connect(loudness).connect(context.destination);
  tone.start(start);
  tone.stop(start + 2 * TONE_S);
}

function remember(wanted: Choice): void {
  choice = wanted;
  keep("notices", wanted);
}

function asChoice(value: unknown): Choice | undefined {
  const { sound, desktop } = Object(value) as Partial<Choice>;
  return { sound: sound === true, desktop: desktop === true };
}
