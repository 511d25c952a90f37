"use strict";

// What a display on a wall shows: the newest alert as large as it fits; beside it those of the last
// minute, at half its size or more; and what was said before, as far as there is room. What would be
// too small to be read from afar is shown page by page.
var QuadWall = (function () {
  var RECENT_MS = 60000;
  var PAGE_MS = 8000;
  var KEPT_LIMIT = 50;
  // Sizes of letters, in hundredths of the screen's shorter side.
  var LARGEST = 20;
  var SMALLEST = 6;
  // Of the newest one's size, that of those of the last minute; when there are pages, they may have
  // this much of the height.
  var RECENT_SIZE = 0.5;
  var PAGED_RECENT_SIZE = 0.6;
  var RECENT_HEIGHT = 0.4;

  // `now` is the server's clock; `show` fills an element with the time and the text of an item.
  function QuadWall(place, now, show) {
    this.place = place;
    this.now = now;
    this.show = show;
    this.items = [];
    this.newest = add(place, "newest");
    this.recent = add(place, "recent");
    this.earlier = add(place, "earlier");
    this.pages = add(place, "pages");
    this.pages.setAttribute("aria-hidden", "true");
    this.regions = [];
    this.page = 0;
    place.hidden = false;
    var self = this;
    window.addEventListener("resize", function () {
      self.layOut();
    });
  }

  // Who comes and goes is said elsewhere: it would push the alert off the wall.
  QuadWall.prototype.add = function (item) {
    if (item.kind !== "message") {
      return;
    }
    this.items = [item].concat(this.items).slice(0, KEPT_LIMIT);
    this.page = 0;
    this.layOut();
  };

  // What else the page shows takes of the wall's room.
  QuadWall.prototype.keepEnd = function (change) {
    change();
    this.layOut();
  };

  QuadWall.prototype.layOut = function () {
    clearTimeout(this.turning);
    clearTimeout(this.ageing);
    var recent = this.recentOnes();
    this.write(this.newest, this.items.slice(0, 1));
    this.write(this.recent, recent);
    this.write(this.earlier, []);
    this.pages.hidden = true;
    this.regions = this.fit() ? [] : this.paged();
    this.turn();
    this.addEarlier(this.items.slice(1 + recent.length));
    this.expectAge(recent);
  };

  QuadWall.prototype.recentOnes = function () {
    var since = this.now() - RECENT_MS;
    return this.items.slice(1).filter(function (item) {
      return item.at > since;
    });
  };

  QuadWall.prototype.write = function (region, items) {
    var show = this.show;
    region.textContent = "";
    region.className = region.className.replace(/ (paged|broken)/g, "");
    region.style.height = region.style.columnWidth = "";
    region.hidden = !items.length;
    items.forEach(function (item) {
      show(add(region, "alert"), item);
    });
  };

  // One page, if it can be: rather smaller letters than words that are broken.
  QuadWall.prototype.fit = function () {
    return this.search() || (this.allowBreaks(), this.search());
  };

  QuadWall.prototype.allowBreaks = function () {
    this.newest.className += " broken";
    this.recent.className += " broken";
  };

  // The largest size at which everything fits; false if the smallest is still too large.
  QuadWall.prototype.search = function () {
    var least = pixels(SMALLEST);
    var most = pixels(LARGEST);
    if (!this.fitsAt(least)) {
      return false;
    }
    while (least < most) {
      var middle = Math.ceil((least + most) / 2);
      if (this.fitsAt(middle)) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return this.fitsAt(least);
  };

  QuadWall.prototype.fitsAt = function (size) {
    this.newest.style.fontSize = size + "px";
    this.recent.style.fontSize = Math.ceil(size * RECENT_SIZE) + "px";
    return (
      this.place.scrollHeight <= this.place.clientHeight &&
      this.newest.scrollWidth <= this.newest.clientWidth &&
      this.recent.scrollWidth <= this.recent.clientWidth
    );
  };

  // The regions that have several pages, at the smallest size.
  QuadWall.prototype.paged = function () {
    var size = pixels(SMALLEST);
    this.pages.hidden = false;
    this.pages.textContent = "1 / 2";
    var height = this.place.clientHeight - this.pages.offsetHeight;
    this.newest.style.fontSize = size + "px";
    this.recent.style.fontSize = Math.ceil(size * PAGED_RECENT_SIZE) + "px";
    var recentHeight = Math.min(outerHeight(this.recent), Math.floor(height * RECENT_HEIGHT));
    divide(this.recent, recentHeight);
    divide(this.newest, height - recentHeight);
    return [this.newest, this.recent].filter(function (region) {
      return pagesOf(region) > 1;
    });
  };

  QuadWall.prototype.turn = function () {
    var page = this.page;
    var numbers = this.regions.map(function (region) {
      var count = pagesOf(region);
      region.scrollLeft = (page % count) * pitch(region);
      return (page % count) + 1 + " / " + count;
    });
    if (numbers.length) {
      this.pages.textContent = numbers[0];
      this.turning = setTimeout(this.turnOver.bind(this), PAGE_MS);
    }
  };

  QuadWall.prototype.turnOver = function () {
    this.page += 1;
    this.turn();
  };

  QuadWall.prototype.addEarlier = function (items) {
    this.earlier.hidden = !items.length || this.regions.length > 0;
    for (var index = 0; index < items.length && !this.earlier.hidden; index++) {
      var line = add(this.earlier, "alert");
      this.show(line, items[index]);
      if (this.place.scrollHeight > this.place.clientHeight) {
        this.earlier.removeChild(line);
        this.earlier.hidden = index === 0;
        return;
      }
    }
  };

  QuadWall.prototype.expectAge = function (recent) {
    if (recent.length) {
      var oldest = recent[recent.length - 1];
      var wait = Math.max(0, oldest.at + RECENT_MS - this.now());
      this.ageing = setTimeout(this.layOut.bind(this), wait + 50);
    }
  };

  function add(place, style) {
    var element = document.createElement("div");
    element.className = style;
    place.appendChild(element);
    return element;
  }

  function pixels(hundredths) {
    return Math.round((Math.min(window.innerWidth, window.innerHeight) * hundredths) / 100);
  }

  function outerHeight(element) {
    var style = getComputedStyle(element);
    return element.hidden ? 0 : element.offsetHeight + parseFloat(style.marginTop);
  }

  // The text runs on in columns to the right: no line is cut, and each column is a page.
  function divide(region, height) {
    if (region.hidden) {
      return;
    }
    region.className += " paged";
    region.style.columnWidth = region.clientWidth + "px";
    region.style.height = height - parseFloat(getComputedStyle(region).marginTop) + "px";
  }

  function pagesOf(region) {
    return region.hidden ? 0 : Math.round((region.scrollWidth + gapOf(region)) / pitch(region));
  }

  function pitch(region) {
    return region.clientWidth + gapOf(region);
  }

  function gapOf(region) {
    return parseFloat(getComputedStyle(region).columnGap) || 0;
  }

  return QuadWall;
})();
