"use strict";

// Keeps the page of a room up to date. Without it the page's forms do the same.
(function () {
  var LEAVING_MS = 1000;
  var FAILURES_LIMIT = 2;
  var HAS_JOINED = / has joined the chat!$/;
  var HAS_LEFT = / has left the chat :\($/;

  var page = document.body;
  var texts = JSON.parse(page.getAttribute("data-texts"));
  var isWall = page.classList.contains("display");
  // By how much the server's clock is ahead: a display may not know what time it is.
  var aheadMs = Date.parse(page.getAttribute("data-now")) - Date.now();
  var list = element("messages");
  var view = null;
  var notices = new QuadNotices();
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
      socket.drop(); // and try again
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
    return name === ownName();
  }

  function ownName() {
    return page.getAttribute("data-name").trim().toUpperCase();
  }

  function isOwnMessage(item) {
    return !isWall && item.text.indexOf(ownName() + ": ") === 0;
  }

  function lost(wasConnected) {
    heard = null;
    say(wasConnected || hasJoined ? "lost" : "connecting");
    if (people) {
      fillPeople([], texts.people_unknown);
    }
    if (pending) {
      showProblem("not_sent");
    }
    if (isWall && hasJoined) {
      sayNoContact();
    }
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
      var at = payload.at ? Date.parse(payload.at) : now();
      var item = { kind: kind, text: payload.msg, id: payload.id, at: at };
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

  // What a wall shows may be out of date: it says since when.
  function sayNoContact() {
    var since = shownTime(new Date(socket.heardAt));
    element("state").textContent = texts.no_contact.replace("{time}", since);
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
    view.add(item);
    if (isMessage(item) && !isOwnMessage(item)) {
      notices.tell(item.text);
    }
    element("silence").hidden = true;
    element("empty").hidden = true;
  }

  function fill(line, item) {
    var time = document.createElement("time");
    var text = document.createElement("span");
    time.setAttribute("datetime", new Date(item.at).toISOString());
    time.textContent = shownTime(new Date(item.at));
    text.dir = "auto";
    addLinked(text, item.text);
    line.appendChild(time);
    line.appendChild(text);
  }

  function addLinked(place, text) {
    quadPieces(text).forEach(function (part, index) {
      var isLink = index % 2 === 1;
      var piece = isLink ? document.createElement("a") : document.createTextNode(part);
      if (isLink) {
        piece.href = piece.textContent = part;
        piece.target = "_blank";
        piece.rel = "noopener";
      }
      place.appendChild(piece);
    });
  }

  function shownTime(at) {
    var isToday = at.toDateString() === new Date().toDateString();
    var clock = { hour: "2-digit", minute: "2-digit" };
    var date = { day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit" };
    return at.toLocaleString(locale(), isToday ? clock : date);
  }

  // The page's language as the browser has it: the clocks of its countries differ.
  function locale() {
    var language = document.documentElement.lang;
    var own = (navigator.languages || []).filter(function (each) {
      return each.split("-")[0] === language;
    });
    return own[0] || language;
  }

  function now() {
    return Date.now() + aheadMs;
  }

  // The page is loaded anew, for another language or by a reload: what was being written stays, and
  // what was on its way goes, under its key.
  function takeUpDraft() {
    if (!sayForm) {
      return;
    }
    var field = element("msg");
    pending = JSON.parse(kept("pending") || "null");
    if (pending) {
      field.value = pending.msg;
      field.readOnly = true;
      sayForm.key.value = pending.key; // should it go by HTTP
      showProblem("not_sent");
    } else {
      field.value = field.value || kept("draft");
    }
    keep("draft", "");
    window.addEventListener("pagehide", function () {
      keep("draft", pending ? "" : field.value);
    });
  }

  // In this tab, and for one person in one room.
  function keptAs(what) {
    return [what, page.getAttribute("data-room"), ownName()].join("/");
  }

  function kept(what) {
    try {
      return sessionStorage.getItem(keptAs(what)) || "";
    } catch (refused) {
      return ""; // This browser keeps nothing.
    }
  }

  function keep(what, text) {
    try {
      if (text) {
        sessionStorage.setItem(keptAs(what), text);
      } else {
        sessionStorage.removeItem(keptAs(what));
      }
    } catch (refused) {
      // This browser keeps nothing.
    }
  }

  // What the page was loaded with.
  function takeUp() {
    var lines = [].slice.call(list.querySelectorAll("[data-id]"));
    lines.forEach(function (line) {
      var time = line.querySelector("time");
      var at = Date.parse(time.getAttribute("datetime"));
      lastId = line.getAttribute("data-id");
      time.textContent = shownTime(new Date(at));
      if (isWall) {
        var text = line.querySelector("span").textContent;
        view.add({ kind: "message", text: text, id: lastId, at: at });
      }
    });
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
    fillPeople(people, texts.nobody);
  }

  function fillPeople(names, otherwise) {
    var place = element("people");
    place.textContent = "";
    names.forEach(function (name) {
      addPerson(place, name, "");
    });
    if (!names.length) {
      addPerson(place, otherwise, "quiet");
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
      return; // there may be no connection here: the form goes by HTTP
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
    keep("pending", JSON.stringify(pending));
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
      keep("pending", "");
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
    var problem = element("problem");
    view.keepEnd(function () {
      problem.textContent = code ? texts[code] || texts[code + ".long"] || code : "";
      problem.hidden = !code;
    });
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

  if (isWall) {
    element("scroll").hidden = true;
    view = new QuadWall(element("wall"), now, fill);
  } else {
    view = new QuadLines(list, element("scroll"), fill);
  }
  takeUp();
  takeUpDraft();
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
})();
