"use strict";

// Shows who is around, and carries messages. The server says when to ask again; this asks.
(function () {
  const SHOWN_LIMIT = 500;
  const LEAST_MOVE_MS = 2000;
  const KEPT = "quad-nearby-place";

  const page = document.body;
  const who = { id: page.dataset.id, token: page.dataset.token };
  const element = (id) => document.getElementById(id);

  let place = null; // where we are: latitude and longitude, as they were given
  let building = []; // ids of those around us
  let range = [];
  let watch = null; // the browser's answer to who follows our location
  let isOver = false;

  // Asking the server

  class Refusal extends Error {
    constructor(status, detail) {
      super(detail);
      this.status = status;
    }
  }

  async function ask(path, fields) {
    let response;
    try {
      response = await fetch(page.dataset.api + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(Object.assign({}, who, fields)),
      });
    } catch {
      throw new Refusal(0, "The server cannot be reached.");
    }
    if (!response.ok) {
      throw await refusal(response);
    }
    const kind = response.headers.get("content-type") || "";
    return kind.includes("json") ? response.json() : response.text();
  }

  async function refusal(response) {
    let detail = "The server cannot do this now (status " + response.status + ").";
    try {
      detail = (await response.json()).detail || detail;
    } catch {
      // Something between us and the server has answered.
    }
    return new Refusal(response.status, detail);
  }

  // Returns a function that does the work; asked for while at work, it does it once more after.
  function serially(work) {
    let isWorking = false;
    let isWanted = false;
    return async function () {
      isWanted = true;
      if (isWorking) {
        return;
      }
      isWorking = true;
      try {
        while (isWanted) {
          isWanted = false;
          await work();
        }
      } catch (problem) {
        isWanted = false;
        failed(problem);
      } finally {
        isWorking = false;
      }
    };
  }

  function failed(problem) {
    if (problem.status === 401) {
      endSession();
    } else {
      showProblem(problem.message);
    }
  }

  function endSession() {
    if (isOver) {
      return;
    }
    isOver = true;
    socket.close();
    stopFollowing();
    say("lost", "Logged out");
    const again = document.createElement("a");
    again.href = location.pathname;
    again.textContent = "Log in again";
    element("problem").replaceChildren("You are not logged in any more. ", again);
    element("problem").hidden = false;
  }

  function showProblem(words) {
    if (!isOver) {
      element("problem").textContent = words || "";
      element("problem").hidden = !words;
    }
  }

  // The connection

  function connected() {
    socket.emit("new_client", who, function (answer) {
      if (answer && answer.code) {
        refused(answer);
        return;
      }
      socket.failures = 0;
      say("connected", "Connected");
      showProblem("");
      if (place) {
        report();
      } else {
        refresh();
      }
      receive();
    });
  }

  function refused(answer) {
    if (answer.code === "wrong_token") {
      endSession();
    } else {
      showProblem(String(answer.message || "").replace(/^Error: /, ""));
      socket.connection.close(); // and try again
    }
  }

  function say(style, words) {
    element("state").textContent = words;
    element("state").className = "state " + style;
  }

  // Where we are

  const report = serially(async function () {
    const answer = await ask("/user/update/coordinates", place);
    element("building").textContent = answer;
    element("building").classList.toggle("known", answer !== "Out of registered facilities");
    showProblem("");
    refresh();
  });

  function move(latitude, longitude) {
    place = { latitude: latitude, longitude: longitude };
    element("latitude").value = latitude;
    element("longitude").value = longitude;
    keep();
    report();
  }

  // A reload must not lose where somebody has put themselves; a new tab begins afresh.
  function keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(place));
    } catch {
      // Storage is switched off: then not.
    }
  }

  function remember() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT));
      if (kept) {
        place = { latitude: kept.latitude, longitude: kept.longitude };
        element("latitude").value = place.latitude;
        element("longitude").value = place.longitude;
      }
    } catch {
      place = null;
    }
  }

  function setPlace(event) {
    event.preventDefault();
    const [latitude, longitude] = ["latitude", "longitude"].map(number);
    if (!(Math.abs(latitude) <= 90)) {
      wrong("latitude", "A latitude is a number from -90 to 90.");
    } else if (!(Math.abs(longitude) <= 180)) {
      wrong("longitude", "A longitude is a number from -180 to 180.");
    } else {
      stopFollowing();
      move(latitude, longitude);
    }
  }

  function number(id) {
    const text = element(id).value.trim().replace(",", ".");
    element(id).removeAttribute("aria-invalid");
    return text === "" ? NaN : Number(text);
  }

  function wrong(id, words) {
    element(id).setAttribute("aria-invalid", "true");
    element(id).focus();
    showProblem(words);
  }

  async function setRange(event) {
    event.preventDefault();
    const metres = number("range");
    if (!(metres >= 0)) {
      wrong("range", "A range is a number of metres.");
      return;
    }
    try {
      await ask("/user/update/range", { radious: metres });
      showProblem("");
      refresh();
    } catch (problem) {
      failed(problem);
    }
  }

  function follow() {
    if (watch !== null) {
      stopFollowing();
      return;
    }
    let last = 0;
    watch = navigator.geolocation.watchPosition(
      function (position) {
        const now = Date.now();
        if (now - last >= LEAST_MOVE_MS) {
          last = now;
          move(position.coords.latitude, position.coords.longitude);
        }
      },
      function (problem) {
        stopFollowing();
        showProblem(
          problem.code === problem.PERMISSION_DENIED
            ? "The browser may not tell your location. Set it by hand, or allow it."
            : "The browser does not know your location. Set it by hand."
        );
      },
      { enableHighAccuracy: true, maximumAge: 5000, timeout: 20000 }
    );
    element("locate").setAttribute("aria-pressed", "true");
    element("locate").textContent = "Following your location";
  }

  function stopFollowing() {
    if (watch !== null) {
      navigator.geolocation.clearWatch(watch);
      watch = null;
    }
    element("locate").setAttribute("aria-pressed", "false");
    element("locate").textContent = "Use my location";
  }

  // Who is around

  const refresh = serially(async function () {
    building = (await ask("/user/show/building", {})).map((person) => person.id);
    const metres = number("range");
    range = place ? await ask("/user/show/range", Object.assign({ radious: metres }, place)) : [];
    showPeople("building-people", building, "Nobody");
    showPeople("range-people", range, place ? "Nobody" : "Say where you are first");
    showRecipients();
  });

  function showPeople(id, people, nobody) {
    const lines = people.map(function (person) {
      const line = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = person;
      button.dir = "auto";
      button.title = "Write to " + person;
      button.addEventListener("click", () => chooseRecipient(person));
      line.append(button);
      return line;
    });
    if (!lines.length) {
      const line = document.createElement("li");
      line.className = "quiet";
      line.textContent = nobody;
      lines.push(line);
    }
    element(id).replaceChildren(...lines);
  }

  // Values of people begin with a letter that no group's does.
  function showRecipients() {
    const chosen = element("to").value;
    const options = [
      new Option("Everyone in range (" + range.length + ")", "range"),
      new Option("Everyone in this building (" + building.length + ")", "building"),
    ];
    const people = [...new Set(range.concat(building))].sort();
    // Whoever is being written to stays, also when they walk away.
    if (chosen.startsWith("@") && !people.includes(chosen.slice(1))) {
      people.push(chosen.slice(1));
    }
    people.forEach((person) => options.push(new Option(person, "@" + person)));
    element("to").replaceChildren(...options);
    element("to").value = chosen;
  }

  function chooseRecipient(person) {
    element("to").value = "@" + person;
    element("message").focus();
  }

  function recipients() {
    const chosen = element("to").value;
    if (chosen.startsWith("@")) {
      return [chosen.slice(1)];
    }
    return chosen === "building" ? building : range;
  }

  // Messages

  const receive = serially(async function () {
    if (!socket.isConnected) {
      return;
    }
    const messages = await ask("/user/message/receive", { socket_id: socket.id });
    messages.map((text) => JSON.parse(text)).forEach(function (message) {
      const at = new Date(message.timestamp.replace(" ", "T") + "Z");
      show(message.id, message.message, at, "");
    });
  });

  async function send(event) {
    event.preventDefault();
    const field = element("message");
    const users = recipients();
    if (!field.value.trim() || field.readOnly) {
      return;
    }
    if (!users.length) {
      showProblem("Nobody is there to read this.");
      return;
    }
    field.readOnly = true;
    try {
      await ask("/user/message/send", { users: users, message: field.value });
      show("To " + shownRecipients(), field.value, new Date(), "own");
      field.value = "";
      showProblem("");
    } catch (problem) {
      failed(problem);
    } finally {
      field.readOnly = false;
      field.focus();
    }
  }

  function shownRecipients() {
    const option = element("to").selectedOptions[0];
    return option.value.startsWith("@") ? option.value.slice(1) : option.text.toLowerCase();
  }

  function show(from, text, at, style) {
    const scroll = element("scroll");
    const wasAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    const line = document.createElement("li");
    line.className = style;
    line.append(time(at), words("b", from), words("span", text));
    element("messages").append(line);
    while (element("messages").children.length > SHOWN_LIMIT) {
      element("messages").firstChild.remove();
    }
    element("silence").hidden = true;
    if (wasAtEnd || style === "own") {
      scroll.scrollTop = scroll.scrollHeight;
    }
  }

  function time(at) {
    const shown = document.createElement("time");
    shown.dateTime = at.toISOString();
    shown.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    return shown;
  }

  function words(tag, text) {
    const shown = document.createElement(tag);
    shown.dir = "auto";
    shown.textContent = text;
    return shown;
  }

  element("place").addEventListener("submit", setPlace);
  element("reach").addEventListener("submit", setRange);
  element("write").addEventListener("submit", send);
  element("locate").addEventListener("click", follow);
  if (!window.isSecureContext || !navigator.geolocation) {
    element("locate").hidden = true;
    element("locate-hint").hidden = false;
  }
  remember();
  say("connecting", "Connecting …");
  const socket = new QuadSocket(page.dataset.socket, {
    connected: connected,
    lost: () => say("lost", "Connection lost, trying again …"),
    new_movement: refresh,
    new_message: receive,
  });
})();
