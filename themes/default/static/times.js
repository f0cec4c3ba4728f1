// Shows points in time in the reader's own time zone and the page's language. The server's text in
// UTC stays as the tooltip, and as the whole text where scripts do not run.

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: 'medium',
  timeStyle: 'short',
});

for (const time of document.querySelectorAll('time[data-local]')) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent.trim();
  time.textContent = format.format(at);
}
