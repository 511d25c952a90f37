"use strict";

// Keeps the chat page up to date. Without it, or without WebSocket, the page's forms do the same.
(function () {
  var SHOWN_LIMIT = 500;
  var LEAVING_MS = 1000;
  var FAILURES_LIMIT = 2;
  var HAS_JOINED = / has joined the chat!$/;
  var HAS_LEFT = / has left the chat :\($/;

  var page = document.body;
  var texts = JSON.parse(page.getAttribute("data-texts"));
  var list = element("messages");
  var scroll = element("scroll");
  var sayForm = element("say"); // a display has none
  var people = null; // those who are here, once we have joined
  var heard = null; // what is heard while joining
  var hasJoined = false;
  var socket = null;

  function element(id) {
    return document.getElementById(id);
  }

  // The connection

  function connected() {
    heard = [];
    var who = { name: page.getAttribute("data-name"), room: page.getAttribute("data-room") };
    socket.emit("joined", who, joined);
  }

  function joined(answer) {
    if (!answer || answer.code) {
      showProblem(answer && answer.code);
      socket.connection.close(); // and try again
      return;
    }
    var messages = heard.filter(isMessage);
    var missed = messages.slice(overlap(shownTexts(), messages));
    var statuses = heard.filter(function (each) {
      return !isMessage(each);
    });
    heard = null;
    hasJoined = true;
    socket.failures = 0;
    people = answer.people;
    showPeople();
    showProblem(null);
    missed.concat(statuses).forEach(show);
    say("connected");
  }

  function lost(wasConnected) {
    heard = null;
    endSending();
    say(wasConnected || hasJoined ? "lost" : "connecting");
    if (socket && socket.failures > FAILURES_LIMIT) {
      explain();
    }
  }

  // The browser does not tell why a connection is refused; the server does.
  function explain() {
    var request = new XMLHttpRequest();
    request.open("POST", page.getAttribute("data-check"));
    request.onload = function () {
      var isRefused = request.status === 200 && !JSON.parse(request.responseText).is_allowed;
      if (isRefused && !socket.isConnected) {
        showProblem("cross_site");
      }
    };
    request.send();
  }

  function hear(kind) {
    return function (payload) {
      var item = { kind: kind, text: payload.msg };
      if (heard) {
        heard.push(item);
      } else {
        show(item);
        notePerson(item);
      }
    };
  }

  function say(state) {
    element("state").textContent = texts[state];
    element("state").className = "state " + state;
  }

  // Messages

  function isMessage(item) {
    return item.kind === "message";
  }

  function shownTexts() {
    return [].map.call(list.querySelectorAll(".message span"), function (each) {
      return each.textContent;
    });
  }

  // How many of the replayed messages are the last ones that are shown already.
  function overlap(shown, replayed) {
    var count = Math.min(shown.length, replayed.length);
    while (count > 0 && !endsWith(shown, replayed, count)) {
      count -= 1;
    }
    return count;
  }

  function endsWith(shown, replayed, count) {
    for (var i = 0; i < count; i += 1) {
      if (shown[shown.length - count + i] !== replayed[i].text) {
        return false;
      }
    }
    return true;
  }

  function show(item) {
    var wasAtEnd = isAtEnd();
    var line = document.createElement("li");
    var time = document.createElement("time");
    var text = document.createElement("span");
    line.className = item.kind;
    time.setAttribute("datetime", new Date().toISOString());
    showTime(time);
    text.dir = "auto";
    text.textContent = item.text;
    line.appendChild(time);
    line.appendChild(text);
    list.appendChild(line);
    while (list.children.length > SHOWN_LIMIT) {
      list.removeChild(list.firstChild);
    }
    markLatest();
    if (wasAtEnd) {
      showEnd();
    }
  }

  function isAtEnd() {
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  }

  function markLatest() {
    var before = list.querySelector(".latest");
    var messages = list.querySelectorAll(".message");
    if (before) {
      before.classList.remove("latest");
    }
    if (messages.length) {
      messages[messages.length - 1].classList.add("latest");
    }
    element("silence").hidden = list.children.length > 0;
  }

  function showEnd() {
    scroll.scrollTop = page.classList.contains("display") ? 0 : scroll.scrollHeight;
  }

  function showTime(time) {
    var at = new Date(time.getAttribute("datetime"));
    var isToday = at.toDateString() === new Date().toDateString();
    var clock = { hour: "2-digit", minute: "2-digit" };
    var date = { day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit" };
    time.textContent = at.toLocaleString(document.documentElement.lang, isToday ? clock : date);
  }

  // People

  function notePerson(item) {
    if (isMessage(item)) {
      return;
    }
    var name = item.text.replace(HAS_JOINED, "").replace(HAS_LEFT, "");
    people = people.filter(function (other) {
      return other !== name;
    });
    if (HAS_JOINED.test(item.text)) {
      people.push(name);
    }
    showPeople();
  }

  function showPeople() {
    var place = element("people");
    place.textContent = "";
    people.forEach(function (name) {
      addPerson(place, name, "");
    });
    if (!people.length) {
      addPerson(place, texts.nobody, "quiet");
    }
  }

  function addPerson(place, words, style) {
    var line = document.createElement("li");
    line.dir = "auto";
    line.className = style;
    line.textContent = words;
    place.appendChild(line);
  }

  // Writing and leaving

  function send(event) {
    if (!hasJoined) {
      return; // there may be no WebSocket here: the form goes by HTTP
    }
    event.preventDefault();
    var field = element("msg");
    if (!field.readOnly && isInRoom() && field.value.trim()) {
      sendText(field);
    } else if (!field.readOnly) {
      showProblem(isInRoom() ? "bad_text.empty" : "not_sent");
    }
  }

  function sendText(field) {
    field.readOnly = true;
    socket.emit("text", { msg: field.value }, function (answer) {
      endSending();
      showProblem(answer ? answer.code : null);
      if (!answer) {
        field.value = "";
      }
    });
  }

  function endSending() {
    if (sayForm) {
      element("msg").readOnly = false;
    }
  }

  function isInRoom() {
    return socket.isConnected && heard === null;
  }

  function showProblem(code) {
    var wasAtEnd = isAtEnd();
    var problem = element("problem");
    problem.textContent = code ? texts[code] || texts[code + ".long"] || code : "";
    problem.hidden = !code;
    if (wasAtEnd) {
      showEnd();
    }
  }

  function leave(event) {
    if (!isInRoom()) {
      return;
    }
    event.preventDefault();
    var form = event.target;
    var once = function () {
      clearTimeout(timer);
      once = function () {};
      socket.close();
      form.submit();
    };
    var timer = setTimeout(function () {
      once();
    }, LEAVING_MS);
    socket.emit("left", {}, function () {
      once();
    });
  }

  [].forEach.call(list.querySelectorAll("time"), showTime);
  markLatest();
  showEnd();
  if (window.WebSocket) {
    say("connecting");
    element("leave").addEventListener("submit", leave);
    if (sayForm) {
      sayForm.addEventListener("submit", send);
      element("msg").focus();
    }
    socket = new QuadSocket(page.getAttribute("data-socket"), {
      connected: connected,
      lost: lost,
      message: hear("message"),
      status: hear("status"),
    });
  }
})();
