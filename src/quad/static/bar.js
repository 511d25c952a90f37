"use strict";

// The menu of language and colours: what is chosen counts at once.
(function () {
  var form = document.getElementById("appearance");
  var menu = form.parentNode;
  form.querySelector("button").hidden = true;
  form.addEventListener("change", function (event) {
    if (event.target.name) {
      form.submit();
    }
  });
  document.addEventListener("click", function (event) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
