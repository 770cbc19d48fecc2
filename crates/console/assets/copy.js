// Buttons with data-copy put the text of the element that they name on the clipboard. Without a script they are not shown.

for (const button of navigator.clipboard ? document.querySelectorAll("button[data-copy]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.copied;
    } catch {
      button.hidden = true;
    }
  });
}
