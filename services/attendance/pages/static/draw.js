/* The square in which somebody draws their mark with a finger; strokes are kept in thousandths of its side. */
"use strict";
Parcours.draw = (function () {
  var panel = document.getElementById("draw");
  var square = document.getElementById("square");
  var strokes = [];
  var current = null;
  var done = null;

  function place(event) {
    var box = square.getBoundingClientRect();
    function part(at, from, size) { return Math.max(0, Math.min(1000, Math.round((at - from) / size * 1000))); }
    return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  }

  function paint() {
    var brush = square.getContext("2d");
    brush.clearRect(0, 0, square.width, square.height);
    brush.lineWidth = 5;
    brush.lineCap = brush.lineJoin = "round";
    strokes.forEach(function (stroke) {
      brush.beginPath();
      stroke.forEach(function (point, n) {
        brush[n ? "lineTo" : "moveTo"](point[0] * square.width / 1000, point[1] * square.height / 1000);
      });
      brush.stroke();
    });
  }

  function points() { return strokes.reduce(function (sum, stroke) { return sum + stroke.length; }, 0); }

  function close(found) {
    panel.hidden = true;
    document.body.classList.remove("drawing");
    var told = done;
    done = null;
    if (told) { told(found); }
  }

  /* Ask `name` to draw; resolves to strokes, or to null when nothing was drawn. */
  function ask(name) {
    strokes = [];
    paint();
    document.getElementById("drawer").textContent = name;
    panel.hidden = false;
    document.body.classList.add("drawing");
    document.getElementById("drawn").focus();
    return new Promise(function (resolve) { done = resolve; });
  }

  if (panel) {
    square.addEventListener("pointerdown", function (event) {
      current = [place(event)];
      strokes.push(current);
      square.setPointerCapture(event.pointerId);
    });
    square.addEventListener("pointermove", function (event) {
      if (current && points() < 4000) { current.push(place(event)); paint(); }
    });
    square.addEventListener("pointerup", function () { current = null; });
    document.getElementById("drawn").addEventListener("click", function () { close(points() >= 8 ? strokes : null); });
    document.getElementById("undrawn").addEventListener("click", function () { close(null); });
    panel.addEventListener("keydown", function (event) { if (event.key === "Escape") { close(null); } });
  }
  return { ask: ask };
})();
