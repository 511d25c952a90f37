"use strict";

// The smallest Socket.IO client that our own pages need: version 4, the default namespace, events and
// acknowledgements; over WebSocket, or by polling (`polling.js`) where none gets through. Written for
// browsers of old displays.
var QuadSocket = (function () {
  var FIRST_WAIT_MS = 500;
  var LONGEST_WAIT_MS = 15000;
  // A server that is there answers in milliseconds. Some filters let a WebSocket be opened and
  // then swallow what it carries.
  var OPENING_MS = 10000;
  var WAKING_MS = 4000;
  // Others cut a WebSocket soon: after so many such losses in a row it is not tried again.
  var EARLY_MS = 20000;
  var EARLY_LIMIT = 2;
  // Nobody serves this namespace, and the server says so: that shows that the path is alive.
  var QUESTION = "40/here,";
  var ANSWER = "4/here,";

  // `listeners` has a function for each event, and `connected` and `lost`. Whoever is content with
  // a connection sets `failures` to 0: until then each new one waits longer. `id` is the
  // Engine.IO session's, `heardAt` when the server was last heard.
  function QuadSocket(path, listeners) {
    this.path = path;
    this.listeners = listeners;
    this.failures = 0;
    this.early = 0;
    this.isPolling = !window.WebSocket;
    this.id = null;
    this.isConnected = false;
    this.heardAt = 0;
    this.isOver = false;
    this.retry = null;
    this.open();
    this.listenToPage();
  }

  QuadSocket.prototype.emit = function (event, payload, acknowledged) {
    var id = "";
    if (acknowledged) {
      id = String(this.nextId);
      this.nextId += 1;
      this.waiting[id] = acknowledged;
    }
    this.connection.send("42" + id + JSON.stringify([event, payload]));
  };

  QuadSocket.prototype.close = function () {
    this.isOver = true;
    clearTimeout(this.retry);
    this.connection.close();
  };

  // This connection is of no use; another one follows.
  QuadSocket.prototype.drop = function () {
    this.connection.close();
    this.ended(this.connection);
  };

  // A page that slept, or whose network has changed, asks whether its path is still alive.
  QuadSocket.prototype.listenToPage = function () {
    var wake = this.wake.bind(this);
    window.addEventListener("online", wake);
    window.addEventListener("offline", wake);
    document.addEventListener("resume", wake);
    window.addEventListener("pageshow", wake);
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden) {
        wake();
      }
    });
  };

  QuadSocket.prototype.wake = function () {
    if (this.isOver) {
      return;
    }
    if (this.retry !== null) {
      this.open();
    } else if (this.isConnected) {
      this.connection.send(QUESTION);
      this.expectWord(WAKING_MS);
    }
  };

  QuadSocket.prototype.open = function () {
    var self = this;
    var connection = this.isPolling ? new QuadPolling(this.path) : this.webSocket();
    clearTimeout(this.retry);
    this.retry = null;
    this.connection = connection;
    this.waiting = {};
    this.nextId = 0;
    this.patienceMs = OPENING_MS;
    this.expectWord(OPENING_MS);
    connection.onmessage = function (message) {
      if (connection === self.connection) {
        self.receive(String(message.data));
      }
    };
    connection.onclose = function () {
      self.ended(connection);
    };
  };

  QuadSocket.prototype.webSocket = function () {
    var scheme = location.protocol === "https:" ? "wss://" : "ws://";
    return new WebSocket(scheme + location.host + this.path + "?EIO=4&transport=websocket");
  };

  // The server pings; if it falls silent, the network has swallowed the connection.
  QuadSocket.prototype.expectWord = function (withinMs) {
    var self = this;
    clearTimeout(this.silence);
    this.silence = setTimeout(function () {
      self.drop();
    }, withinMs);
  };

  QuadSocket.prototype.ended = function (connection) {
    if (connection !== this.connection || this.retry !== null) {
      return;
    }
    clearTimeout(this.silence);
    var wasConnected = this.isConnected;
    this.isConnected = false;
    if (this.isOver) {
      return;
    }
    this.chooseTransport(wasConnected);
    // Not all at once: a server that comes back has a whole school to let in.
    var longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * Math.pow(2, this.failures));
    this.failures += 1;
    this.retry = setTimeout(this.open.bind(this), longest * (0.5 + Math.random() / 2));
    this.listeners.lost(wasConnected);
  };

  // What did not connect is not tried twice in a row; what did is kept, unless it never lasts.
  QuadSocket.prototype.chooseTransport = function (wasConnected) {
    if (wasConnected && !this.isPolling) {
      this.early = Date.now() - this.connectedAt < EARLY_MS ? this.early + 1 : 0;
      this.isPolling = this.early >= EARLY_LIMIT;
    } else if (!wasConnected) {
      this.isPolling = !this.isPolling || !window.WebSocket;
    }
  };

  QuadSocket.prototype.receive = function (packet) {
    this.heardAt = Date.now();
    switch (packet.charAt(0)) {
      case "0":
        this.start(JSON.parse(packet.slice(1)));
        break;
      case "1":
        this.drop();
        break;
      case "2":
        this.connection.send("3" + packet.slice(1));
        break;
      case "4":
        this.dispatch(packet.slice(1));
        break;
    }
    if (this.isConnected) {
      this.expectWord(this.patienceMs);
    }
  };

  QuadSocket.prototype.start = function (handshake) {
    this.id = handshake.sid;
    this.patienceMs = handshake.pingInterval + handshake.pingTimeout;
    this.connection.send("40");
  };

  QuadSocket.prototype.dispatch = function (packet) {
    var type = packet.charAt(0);
    if (packet.indexOf(ANSWER) === 0) {
      return;
    }
    if (type === "0") {
      this.isConnected = true;
      this.connectedAt = Date.now();
      this.listeners.connected();
    } else if (type === "2") {
      this.call(JSON.parse(packet.slice(1)));
    } else if (type === "3") {
      this.acknowledge(packet.slice(1));
    } else {
      this.drop();
    }
  };

  QuadSocket.prototype.call = function (args) {
    var listener = this.listeners[args[0]];
    if (listener) {
      listener(args[1]);
    }
  };

  QuadSocket.prototype.acknowledge = function (rest) {
    var start = rest.indexOf("[");
    var id = rest.slice(0, start);
    var acknowledged = this.waiting[id];
    delete this.waiting[id];
    if (acknowledged) {
      acknowledged(JSON.parse(rest.slice(start))[0]);
    }
  };

  return QuadSocket;
})();
