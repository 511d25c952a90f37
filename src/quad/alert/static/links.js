"use strict";

// The pieces of a text: every second one is an address. As `links.py` has it.
var quadPieces = (function () {
  var LINK =
    /(https?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>"()'.,;:!?[\]{}»”…]|\([^\s<>"()]*\)))/i;

  return function (text) {
    return text.split(LINK);
  };
})();
