"use strict";

// The smallest Socket.IO client that our own pages need: version 4 over WebSocket, the default
// namespace, events and acknowledgements. Written for browsers of old displays.
var QuadSocket = (function () {
  var FIRST_WAIT_MS = 500;
  var LONGEST_WAIT_MS = 15000;

  // `listeners` has a function for each event, and `connected` and `lost`. Whoever is content with
  // a connection sets `failures` to 0: until then each new one waits longer. `id` is the
  // Engine.IO session's.
  function QuadSocket(path, listeners) {
    this.address = path + "?EIO=4&transport=websocket";
    this.listeners = listeners;
    this.failures = 0;
    this.id = null;
    this.isConnected = false;
    this.isOver = false;
    this.retry = null;
    this.open();
    var self = this;
    window.addEventListener("online", function () {
      if (self.retry !== null) {
        self.open();
      }
    });
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

  QuadSocket.prototype.open = function () {
    var self = this;
    var scheme = location.protocol === "https:" ? "wss://" : "ws://";
    var connection = new WebSocket(scheme + location.host + this.address);
    clearTimeout(this.retry);
    this.retry = null;
    this.connection = connection;
    this.waiting = {};
    this.nextId = 0;
    this.patienceMs = LONGEST_WAIT_MS;
    this.expectHeartbeat(connection);
    connection.onmessage = function (message) {
      if (connection === self.connection) {
        self.receive(String(message.data));
      }
    };
    connection.onclose = function () {
      self.ended(connection);
    };
  };

  // The server pings; if it falls silent, the network has swallowed the connection.
  QuadSocket.prototype.expectHeartbeat = function (connection) {
    var self = this;
    clearTimeout(this.silence);
    this.silence = setTimeout(function () {
      connection.close();
      self.ended(connection);
    }, this.patienceMs);
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
    // Not all at once: a server that comes back has a whole school to let in.
    var longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * Math.pow(2, this.failures));
    this.failures += 1;
    this.retry = setTimeout(this.open.bind(this), longest * (0.5 + Math.random() / 2));
    this.listeners.lost(wasConnected);
  };

  QuadSocket.prototype.receive = function (packet) {
    switch (packet.charAt(0)) {
      case "0":
        this.start(JSON.parse(packet.slice(1)));
        break;
      case "1":
        this.connection.close();
        break;
      case "2":
        this.connection.send("3" + packet.slice(1));
        this.expectHeartbeat(this.connection);
        break;
      case "4":
        this.dispatch(packet.charAt(1), packet.slice(2));
        break;
    }
  };

  QuadSocket.prototype.start = function (handshake) {
    this.id = handshake.sid;
    this.patienceMs = handshake.pingInterval + handshake.pingTimeout;
    this.expectHeartbeat(this.connection);
    this.connection.send("40");
  };

  QuadSocket.prototype.dispatch = function (type, rest) {
    if (type === "0") {
      this.isConnected = true;
      this.listeners.connected();
    } else if (type === "2") {
      this.call(JSON.parse(rest));
    } else if (type === "3") {
      this.acknowledge(rest);
    } else {
      this.connection.close();
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
