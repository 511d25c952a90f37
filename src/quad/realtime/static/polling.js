"use strict";

// Engine.IO 4 by long-polling, with the face of a WebSocket: for networks that let no other through.
var QuadPolling = (function () {
  var SEPARATOR = "\x1e";
  var OPEN = "0";
  var CLOSE = "1";

  function QuadPolling(address) {
    this.address = address;
    this.session = "";
    this.waiting = null; // for the server's packets
    this.sending = null;
    this.queue = [];
    this.isOver = false;
    this.poll();
  }

  QuadPolling.prototype.send = function (packet) {
    this.queue.push(packet);
    this.flush();
  };

  QuadPolling.prototype.close = function () {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    if (this.waiting !== null) {
      this.waiting.abort();
    }
    if (this.session) {
      this.request("POST", function () {}).send(CLOSE);
    }
  };

  QuadPolling.prototype.poll = function () {
    var self = this;
    this.waiting = this.request("GET", function (text) {
      self.receive(text.split(SEPARATOR));
      if (!self.isOver) {
        self.poll();
      }
    });
    this.waiting.send();
  };

  QuadPolling.prototype.receive = function (packets) {
    var self = this;
    packets.forEach(function (packet) {
      if (packet.charAt(0) === OPEN) {
        self.session = "&sid=" + JSON.parse(packet.slice(1)).sid;
      }
      if (!self.isOver) {
        self.onmessage({ data: packet });
      }
    });
  };

  // One request at a time: two would end the session.
  QuadPolling.prototype.flush = function () {
    if (this.sending !== null || !this.queue.length || this.isOver) {
      return;
    }
    var self = this;
    this.sending = this.request("POST", function () {
      self.sending = null;
      self.flush();
    });
    this.sending.send(this.queue.join(SEPARATOR));
    this.queue = [];
  };

  QuadPolling.prototype.request = function (method, done) {
    var self = this;
    var request = new XMLHttpRequest();
    // A cache in between must not answer.
    var once = "&t=" + Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
    request.open(method, this.address + "?EIO=4&transport=polling" + this.session + once);
    if (method === "POST") {
      request.setRequestHeader("Content-Type", "text/plain;charset=UTF-8");
    }
    request.onload = function () {
      if (request.status === 200) {
        done(request.responseText);
      } else {
        self.end();
      }
    };
    request.onerror = function () {
      self.end();
    };
    return request;
  };

  QuadPolling.prototype.end = function () {
    if (!this.isOver) {
      this.isOver = true;
      this.onclose();
    }
  };

  return QuadPolling;
})();
