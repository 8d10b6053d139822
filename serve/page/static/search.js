// Enter sends the search; shift and Enter begins a new line.
"use strict";
for (const box of document.querySelectorAll("textarea[data-enter-sends]")) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      box.form.requestSubmit();
    }
  });
}
