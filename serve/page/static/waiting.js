// A form that takes a while says so, and is not sent twice. Without this script it works the same.
"use strict";
for (const form of document.querySelectorAll("form[data-waiting]")) {
  const button = form.querySelector("button[type=submit]");
  const said = document.createElement("span");
  said.className = "waiting";
  said.setAttribute("role", "status");
  button.after(said);
  form.addEventListener("submit", () => {
    // After the values have been taken, so that nothing is left out of them.
    setTimeout(() => {
      button.disabled = true;
      said.textContent = form.dataset.waiting;
    });
  });
  // The browser's way back shows the page as it was left.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    said.textContent = "";
  });
}
