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
  var wasHere = [].some.call(element("people").children, function (line) {
    return isOwn(line.textContent);
  });
  var pending = null; // what is on its way: sent again after a lost connection, and said once
  var lastId = "";
  var socket = null;

  function element(id) {
    return document.getElementById(id);
  }

  // The connection

  function connected() {
    heard = [];
    var who = {
      name: page.getAttribute("data-name"),
      room: page.getAttribute("data-room"),
      protocol: 2,
    };
    socket.emit("joined", who, joined);
  }

  function joined(answer) {
    if (!answer || answer.code) {
      showProblem(answer && answer.code);
      socket.connection.close(); // and try again
      return;
    }
    var news = heard.filter(function (each) {
      return !(wasHere && isOwnJoin(each));
    });
    heard = null;
    hasJoined = true;
    wasHere = true;
    socket.failures = 0;
    people = answer.people;
    showPeople();
    showProblem(null);
    news.forEach(show);
    element("empty").hidden = people.length > 1 || answer.messages > 0;
    say("connected");
    sendPending();
  }

  // Who comes back hears that they have joined; the page never showed that they were away.
  function isOwnJoin(item) {
    return !isMessage(item) && HAS_JOINED.test(item.text) && isOwn(item.text.replace(HAS_JOINED, ""));
  }

  function isOwn(name) {
    return name === page.getAttribute("data-name").trim().toUpperCase();
  }

  function lost(wasConnected) {
    heard = null;
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
      var item = { kind: kind, text: payload.msg, id: payload.id };
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

  // Messages come in the order of their ids, and ids sort as texts: a repetition is not news.
  function isShown(item) {
    if (!item.id || item.id > lastId) {
      lastId = item.id || lastId;
      return false;
    }
    return true;
  }

  function show(item) {
    if (isShown(item)) {
      return;
    }
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
    element("empty").hidden = element("empty").hidden || list.children.length > 0;
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
    if (pending) {
      return;
    }
    if (!field.value.trim()) {
      showProblem("bad_text.empty");
      return;
    }
    field.readOnly = true;
    pending = { msg: field.value, key: newKey() };
    if (isInRoom()) {
      sendPending();
    } else {
      showProblem("not_sent");
    }
  }

  // Only the answer says that it was said: without one it is sent again, under the same key.
  function sendPending() {
    if (!pending) {
      return;
    }
    socket.emit("text", pending, function (answer) {
      pending = null;
      element("msg").readOnly = false;
      showProblem(answer.code);
      if (!answer.code) {
        element("msg").value = "";
      }
    });
  }

  function newKey() {
    return Date.now().toString(36) + Math.random().toString(36).slice(2);
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
  [].forEach.call(list.querySelectorAll("[data-id]"), function (line) {
    lastId = line.getAttribute("data-id");
  });
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
