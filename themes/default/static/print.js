// Prints the page. The button is there only where scripts run; the browser's own menu does the same.

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
