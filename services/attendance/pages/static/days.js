/* The list of the day: keeps today's rolls for a time without network, sends what waits, says where something waits. */
"use strict";
(function () {
  var device = document.getElementById("device");
  if (!device || !window.indexedDB || !window.fetch) { return; }
  var data = device.dataset;
  var keep = data.keep ? data.keep.split(" ") : [];

  async function count() {
    var rows = await Parcours.all("marks");
    Array.prototype.forEach.call(document.querySelectorAll(".kept"), function (place) {
      var waiting = rows.filter(function (row) {
        return row.meeting === place.dataset.roll && row.state !== "sent";
      }).length;
      place.textContent = waiting ? data.waits.replace("{n}", waiting) : "";
    });
  }

  async function keepAll() {
    if (!keep.length || data.source === "device" || !document.querySelector(".kept")) { return; }
    if ("serviceWorker" in navigator) { await navigator.serviceWorker.register("/attendance/worker.js"); }
    await Parcours.keepPage("/attendance/");
    for (var meeting of keep) { await Parcours.keepPage("/attendance/rolls/" + meeting); }
    device.dataset.kept = "yes";
  }

  async function begin() {
    await Parcours.sweep(data.owner);
    if (!keep.length && data.source === "network") { await Parcours.dropPage(location.pathname); } // signed since
    Parcours.watchSignOut(data);
    await count();
    if (Parcours.sync) {
      Parcours.sync.listen(function (what) { if (what === "state") { count(); } });
      Parcours.sync.run();
    }
    await keepAll();
  }

  begin().catch(function () { return null; }); // without room or network the list is still a list
})();
