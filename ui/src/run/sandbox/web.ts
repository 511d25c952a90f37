/** The frame of a student's own page: it becomes what it is given, once. */
addEventListener("message", function become(event) {
  const { data } = event as MessageEvent<{ html?: unknown }>;
  if (event.source !== parent || typeof data?.html !== "string") {
    return;
  }
  removeEventListener("message", become);
  document.open();
  document.write(data.html);
  document.close();
});

export {};
