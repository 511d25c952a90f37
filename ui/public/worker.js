// Shows a page that says so where a page cannot be had: without a network, or while the server is away.
// Everything else is the network's: what a page of live things had yesterday is worth nothing today.
const KEPT = "quad-offline-1";
const OFFLINE = new URL("../offline", self.location).href;

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers());
});

self.addEventListener("fetch", (event) => {
  const { mode, destination } = event.request;
  if (mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE)));
  } else if (destination === "style") {
    event.respondWith(fetch(event.request).catch(() => styleKept(event.request)));
  }
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(showPage());
});

// The page, and the style sheets that it names.
async function keep() {
  const answer = await fetch(OFFLINE, { cache: "reload" });
  const html = await answer.clone().text();
  const styles = [...html.matchAll(/rel="stylesheet" href="([^"]+)"/g)].map((found) => found[1]);
  const kept = await caches.open(KEPT);
  await kept.put(OFFLINE, answer);
  await kept.addAll(styles);
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
}

async function styleKept(request) {
  return (await caches.match(request)) ?? Response.error();
}

async function showPage() {
  const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  await page?.focus();
}
