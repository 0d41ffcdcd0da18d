/* Turns the code that is shown: picture and spoken code are asked for again when they change. */
"use strict";
(function () {
  var board = document.getElementById("code");
  if (!board || !window.fetch) { return; }
  var meeting = board.dataset.meeting;
  var picture = board.querySelector("img");
  var source = picture.getAttribute("src");
  var spoken = board.querySelector(".spoken");
  var SOONEST = 2000; // ms

  async function turn() {
    var wait = 5;
    try {
      var answer = await Parcours.sync.call("GET", "/rolls/" + meeting + "/code");
      if (answer.ok) {
        spoken.textContent = answer.body.spoken.slice(0, 3) + " " + answer.body.spoken.slice(3);
        picture.src = source + "?shown=" + answer.body.scanned.slice(0, 4);
        wait = answer.body.scanned_seconds;
      }
      Parcours.say(answer.status === 401 ? board.dataset.signin : "");
    } catch (error) {
      if (!(error instanceof TypeError)) { throw error; }
    }
    setTimeout(turn, Math.max(SOONEST, wait * 1000 + 200));
  }

  async function count() {
    try {
      var answer = await Parcours.sync.call("GET", "/rolls/" + meeting + "/live");
      if (answer.ok) {
        document.getElementById("scanned").textContent = board.dataset.count
          .replace("{n}", answer.body.acts.length).replace("{came}", answer.body.came)
          .replace("{all}", answer.body.people);
      }
    } catch (error) {
      if (!(error instanceof TypeError)) { throw error; }
    }
    setTimeout(count, 3000);
  }

  turn();
  count();
})();
