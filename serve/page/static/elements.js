// The periodic table as a grid: arrow keys move, what does not fit can be reached and says why, sites change what fits.
"use strict";
(() => {
  const table = document.querySelector("table.elements");
  const told = document.getElementById("told");
  if (!table || !told) return;
  const sites = JSON.parse(document.getElementById("sites").textContent);
  const boxes = [...table.querySelectorAll("input")];
  const count = document.getElementById("count");
  const choices = document.querySelectorAll("input[name=site]");

  table.setAttribute("role", "grid");
  table.querySelectorAll("tr").forEach((row) => row.setAttribute("role", "row"));
  table.querySelectorAll("td").forEach((cell) => cell.setAttribute("role", "gridcell"));
  document.querySelector(".choose").hidden = false;
  told.hidden = false;
  document.querySelector(".refit").remove();

  // Why an element is out (every chosen site refuses it), or is tried only if chosen.
  function reason(kind, symbol) {
    const chosen = [...choices].filter((box) => box.checked).map((box) => sites[box.value]);
    if (!chosen.length) return "";
    const texts = chosen.map((site) => site.refused[symbol] || (kind === "ask" ? site.unasked[symbol] : ""));
    return texts.every(Boolean) ? texts[0] : "";
  }

  function say(box) {
    const why = reason("no", box.value) || reason("ask", box.value);
    told.textContent = `${box.dataset.name} (${box.value})${why ? ": " + why : box.checked ? ": chosen" : ""}`;
  }

  function tally() {
    const n = boxes.filter((box) => box.checked).length;
    count.textContent = n ? `${n} chosen` : "none chosen: all that fit are tried";
  }

  function fit() {
    for (const box of boxes) {
      const no = reason("no", box.value);
      const ask = no ? "" : reason("ask", box.value);
      const label = box.closest("label");
      label.classList.toggle("no", Boolean(no));
      label.classList.toggle("ask", Boolean(ask));
      label.title = box.dataset.name + (no || ask ? ": " + (no || ask) : "");
      // Still reached by keyboard, so that its reason can be heard.
      box.disabled = false;
      box.setAttribute("aria-disabled", String(Boolean(no)));
      box.setAttribute("aria-label", box.dataset.name + (no ? ", does not fit: " + no : ""));
      if (no) box.checked = false;
    }
    tally();
  }

  function place(box) {
    const cell = box.closest("td");
    return [cell.parentElement.rowIndex, cell.cellIndex];
  }

  // The next element in a direction; gaps are stepped over.
  function next(box, down, across) {
    let [row, column] = place(box);
    for (;;) {
      row += down;
      column += across;
      const cell = table.rows[row]?.cells[column];
      if (!cell) return box;
      const there = cell.querySelector("input");
      if (there) return there;
    }
  }

  function go(box) {
    boxes.forEach((other) => (other.tabIndex = -1));
    box.tabIndex = 0;
    box.focus();
  }

  boxes.forEach((box, n) => {
    box.tabIndex = n ? -1 : 0;
    box.addEventListener("focus", () => say(box));
    box.closest("label").addEventListener("pointerenter", () => say(box));
    box.addEventListener("click", (event) => {
      if (box.getAttribute("aria-disabled") === "true") event.preventDefault();
      setTimeout(() => { say(box); tally(); });
    });
    box.addEventListener("keydown", (event) => {
      const row = boxes.filter((other) => place(other)[0] === place(box)[0]);
      const moves = {
        ArrowLeft: () => next(box, 0, -1),
        ArrowRight: () => next(box, 0, 1),
        ArrowUp: () => next(box, -1, 0),
        ArrowDown: () => next(box, 1, 0),
        Home: () => row[0],
        End: () => row[row.length - 1],
      };
      if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(moves[event.key]());
    });
  });
  choices.forEach((box) => box.addEventListener("change", fit));
  document.getElementById("choose-all").addEventListener("click", () => {
    for (const box of boxes) box.checked = !reason("no", box.value) && !reason("ask", box.value);
    tally();
  });
  document.getElementById("choose-none").addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    tally();
  });
  // Exchanged anions are asked for only where anions are exchanged.
  const way = document.getElementById("compensate");
  const anions = document.querySelector(".anions");
  const show = () => (anions.hidden = way.value !== "anion_exchange");
  way.addEventListener("change", show);
  show();
  fit();
})();
