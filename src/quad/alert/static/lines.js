"use strict";

// What is said in a room as a list of lines, the latest at its end.
var QuadLines = (function () {
  var SHOWN_LIMIT = 500;
  var NEAR_END_PX = 40;

  // `show` fills an element with the time and the text of an item.
  function QuadLines(list, scroll, show) {
    this.list = list;
    this.scroll = scroll;
    this.show = show;
    this.showEnd();
  }

  QuadLines.prototype.add = function (item) {
    var list = this.list;
    var line = document.createElement("li");
    line.className = item.kind;
    this.show(line, item);
    this.keepEnd(function () {
      list.appendChild(line);
      while (list.children.length > SHOWN_LIMIT) {
        list.removeChild(list.firstChild);
      }
    });
  };

  // Whoever sees the latest line still sees it after a change; whoever has scrolled back stays there.
  QuadLines.prototype.keepEnd = function (change) {
    var scroll = this.scroll;
    var wasAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
    change();
    if (wasAtEnd) {
      this.showEnd();
    }
  };

  QuadLines.prototype.showEnd = function () {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  };

  return QuadLines;
})();
