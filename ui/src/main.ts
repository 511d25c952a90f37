/** Shows the page that the address names. Each page's code is loaded only where it is needed. */
import "./app.css";
import { mount, type Component } from "svelte";
import Frame from "./parts/Frame.svelte";
import { isLanguage, speak, t } from "./i18n";
import { offerInstallation } from "./installable";
import { page } from "./page";

interface Area {
  load: () => Promise<{ default: Component }>;
  /** Whose messages the page shows, beside the shared ones. */
  messages: readonly string[];
}

const AREAS: Record<string, Area> = {
  front: { load: () => import("./front/Front.svelte"), messages: ["front"] },
  classroom: {
    load: () => import("./classroom/Classroom.svelte"),
    messages: ["classroom", "board", "class", "tasks", "teaching", "exchange"],
  },
  student: {
    load: () => import("./student/Student.svelte"),
    messages: ["student", "study", "class"],
  },
  chat: { load: () => import("./chat/Chat.svelte"), messages: ["chat"] },
  nearby: { load: () => import("./nearby/Nearby.svelte"), messages: ["nearby", "map"] },
  admin: { load: () => import("./admin/Admin.svelte"), messages: ["admin", "map"] },
};

async function start(): Promise<void> {
  const area = AREAS[page.page] ?? AREAS["front"];
  const target = document.getElementById("app");
  if (area === undefined || target === null) {
    throw new Error("the page has no place for the application");
  }
  const language = isLanguage(page.language) ? page.language : "en";
  const loading = area.load();
  await speak(language, ["shared", ...area.messages]);
  document.documentElement.lang = language;
  document.title = `${t(`shared.titles.${page.page}`)} · Quad`;
  mount(Frame, { target, props: { content: (await loading).default } });
}

void start();
offerInstallation();
