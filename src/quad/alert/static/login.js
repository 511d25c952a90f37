"use strict";

// Whoever enters while the server is away stays on the page, with what was typed.
(function () {
  var WITHIN_MS = 4000;
  var form = document.getElementById("login");
  var problem = document.getElementById("problem");

  function say(text) {
    if (!problem) {
      problem = document.createElement("p");
      problem.id = "problem";
      problem.className = "problem";
      problem.setAttribute("role", "alert");
      form.insertBefore(problem, form.firstChild);
    }
    problem.textContent = text;
  }

  form.addEventListener("submit", function (event) {
    var asked = new XMLHttpRequest();
    event.preventDefault();
    // The page that the form is on.
    asked.open("GET", form.getAttribute("action"));
    asked.timeout = WITHIN_MS;
    asked.onload = function () {
      form.submit();
    };
    asked.onerror = asked.ontimeout = function () {
      say(form.getAttribute("data-unreachable"));
    };
    asked.send();
  });
})();
