/** The browser may keep the application as one of its own; a page then says when there is no network. */
import { path } from "./page";

/** Browsers have workers on HTTPS and on this very computer alone; elsewhere nothing is installed. */
export function offerInstallation(): void {
  if (isSecureContext && "serviceWorker" in navigator) {
    navigator.serviceWorker
      .register(path("/app/worker.js"), { scope: path("/") })
      // A browser may refuse, in a private window for instance: the application works without.
      .catch(() => undefined);
  }
}
