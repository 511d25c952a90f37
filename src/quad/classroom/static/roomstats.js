"use strict";

// Keeps the table of a room up to date: the server sends it whole after every change.
(() => {
  const RETRY_MS = 5000;
  const SPOKEN_AT_ONCE = 3;
  // The server says every fifteen seconds that it is there.
  const SILENCE_MS = 35000;
  // When the page has slept, or its network has changed: a path that died says nothing by itself.
  const WAKING_MS = 4000;

  const board = document.getElementById("board");
  const state = document.getElementById("state");
  const news = document.getElementById("news");
  const texts = document.body.dataset;

  let source = null;
  let silence = 0;
  let again = 0;

  function connect() {
    clearTimeout(again);
    source?.close();
    source = new EventSource(texts.events);
    source.addEventListener("open", () => {
      say(texts.live, false);
      expectWord(SILENCE_MS);
    });
    source.addEventListener("board", (event) => {
      expectWord(SILENCE_MS);
      show(event.data);
    });
    source.addEventListener("here", () => expectWord(SILENCE_MS));
    source.addEventListener("error", lost);
  }

  function lost() {
    say(texts.lost, true);
    clearTimeout(silence);
    // A browser tries again by itself unless the server refused.
    if (source.readyState === EventSource.CLOSED) {
      clearTimeout(again);
      again = setTimeout(connect, RETRY_MS * (1 + Math.random()));
    }
  }

  function expectWord(withinMs) {
    clearTimeout(silence);
    silence = setTimeout(() => {
      source.close();
      lost();
    }, withinMs);
  }

  // A new stream begins with the whole table: nothing is lost.
  function wake() {
    connect();
    expectWord(WAKING_MS);
  }

  function watchWaking() {
    window.addEventListener("online", wake);
    window.addEventListener("offline", wake);
    window.addEventListener("pageshow", (event) => event.persisted && wake());
    document.addEventListener("resume", wake);
    document.addEventListener("visibilitychange", () => document.hidden || wake());
  }

  function say(words, isLost) {
    state.textContent = words;
    state.className = isLost ? "state lost" : "state connected";
  }

  function show(html) {
    const before = statuses();
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    replace(fresh.content);
    if (before.size > 0) {
      announce(before);
    }
  }

  // Parts that are there already keep their element, so that focus and scrolling stay.
  function replace(fresh) {
    const parts = [...fresh.querySelectorAll("[data-part]")];
    const places = parts.map((part) => board.querySelector(`[data-part="${part.dataset.part}"]`));
    if (parts.length === 0 || places.includes(null)) {
      board.replaceChildren(fresh);
      return;
    }
    parts.forEach((part, index) => places[index].replaceChildren(...part.childNodes));
  }

  function announce(before) {
    const changes = [];
    for (const cell of cells()) {
      const was = before.get(key(cell));
      if (was !== undefined && was !== cell.dataset.status) {
        cell.classList.add("changed");
        changes.push(words(cell));
      }
    }
    const rest = changes.length - SPOKEN_AT_ONCE;
    const spoken = changes.slice(0, SPOKEN_AT_ONCE).join(". ");
    news.textContent = rest > 0 ? `${spoken}. ${texts.more} ${rest}.` : spoken;
  }

  function words(cell) {
    const name = cell.parentElement.querySelector(".name").textContent.trim();
    return `${name}, ${texts.task} ${cell.dataset.task}: ${cell.querySelector(".unseen").textContent}`;
  }

  function cells() {
    return board.querySelectorAll("td[data-task]");
  }

  function statuses() {
    return new Map([...cells()].map((cell) => [key(cell), cell.dataset.status]));
  }

  function key(cell) {
    return `${cell.parentElement.dataset.student}/${cell.dataset.task}`;
  }

  if (texts.events) {
    connect();
    watchWaking();
  }
})();
