// A button beside each line that copies it; without scripts a click on the line selects it whole.
for (const line of document.querySelectorAll("pre.line")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(line);
    // The clipboard of scripts is there on this machine and over TLS; in a laboratory's network the old way is left.
    const copied = navigator.clipboard
      ? await navigator.clipboard.writeText(line.textContent).then(() => true, () => false)
      : document.execCommand("copy");
    button.textContent = copied ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  line.after(button);
}
