"use strict";

// Tells of an alert whoever does not look: unread ones are counted in the title; sounds and desktop
// notifications are off until somebody asks for them. The choice is one for all pages of this browser:
// the application (`ui/src/parts/notices.svelte.ts`) reads and writes the same.
var QuadNotices = (function () {
  var KEY = "quad/1/notices";
  var TONES_HZ = [660, 880];
  var TONE_S = 0.14;
  var LOUDNESS = 0.2;

  function QuadNotices() {
    this.title = document.title;
    this.unread = 0;
    this.audio = null;
    this.choice = read();
    this.offer();
    var self = this;
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden) {
        self.count(0);
      }
    });
  }

  QuadNotices.prototype.tell = function (text) {
    if (this.choice.sound) {
      this.chime();
    }
    if (document.hidden) {
      this.count(this.unread + 1);
    }
    if (this.choice.desktop && (document.hidden || !document.hasFocus())) {
      this.notify(text);
    }
  };

  QuadNotices.prototype.count = function (unread) {
    this.unread = unread;
    document.title = unread ? "(" + unread + ") " + this.title : this.title;
  };

  // What this browser can do, in the menu.
  QuadNotices.prototype.offer = function () {
    var self = this;
    var sound = document.getElementById("sound");
    var desktop = document.getElementById("desktop");
    sound.parentNode.hidden = !context();
    sound.checked = this.choice.sound;
    sound.addEventListener("change", function () {
      self.choose("sound", sound.checked);
      if (sound.checked) {
        self.chime();
      }
    });
    desktop.parentNode.hidden = !window.Notification;
    desktop.checked = this.choice.desktop;
    this.showLimits();
    desktop.addEventListener("change", function () {
      self.askLeave(desktop);
    });
  };

  QuadNotices.prototype.askLeave = function (desktop) {
    var self = this;
    if (!desktop.checked) {
      this.choose("desktop", false);
      return;
    }
    Notification.requestPermission(function (answer) {
      desktop.checked = answer === "granted";
      self.choose("desktop", desktop.checked);
      self.showLimits();
    });
  };

  QuadNotices.prototype.showLimits = function () {
    var isDenied = window.Notification && Notification.permission === "denied";
    var isSecure = window.isSecureContext !== false;
    document.getElementById("desktop").disabled = isDenied || !isSecure;
    document.getElementById("denied").hidden = !isDenied || !isSecure;
    document.getElementById("insecure").hidden = isSecure;
  };

  QuadNotices.prototype.choose = function (what, isWanted) {
    this.choice[what] = isWanted;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.choice));
    } catch (refused) {
      // This browser keeps nothing: it counts as long as the page.
    }
  };

  QuadNotices.prototype.notify = function (text) {
    try {
      var notice = new Notification(this.title, { body: text, tag: location.pathname });
      notice.onclick = function () {
        window.focus();
        notice.close();
      };
    } catch (refused) {
      // Telephones show none for a page.
    }
  };

  QuadNotices.prototype.chime = function () {
    var audio = (this.audio = this.audio || new (context())());
    // Until the page was touched, browsers keep it silent.
    audio.resume();
    TONES_HZ.forEach(function (frequency, index) {
      ring(audio, frequency, audio.currentTime + index * TONE_S);
    });
  };

  function ring(audio, frequency, start) {
    var tone = audio.createOscillator();
    var loudness = audio.createGain();
    tone.frequency.value = frequency;
    loudness.gain.setValueAtTime(LOUDNESS, start);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 2 * TONE_S);
    tone.connect(loudness);
    loudness.connect(audio.destination);
    tone.start(start);
    tone.stop(start + 2 * TONE_S);
  }

  function context() {
    return window.AudioContext || window.webkitAudioContext;
  }

  function read() {
    try {
      var kept = JSON.parse(localStorage.getItem(KEY)) || {};
      return { sound: kept.sound === true, desktop: kept.desktop === true };
    } catch (refused) {
      return { sound: false, desktop: false };
    }
  }

  return QuadNotices;
})();
