export const TABS = ["board", "tasks", "results"] as const;
export type Tab = (typeof TABS)[number];
/** Dialogs of a class. */
export type Asking = "invite" | "notice" | "settings" | "key" | "close";
