// Ctrl-K (on a Mac ⌘K): on to a page of the console or to a person, by the keyboard alone. Without this script
// there are the links above and the list of people.

const dialog = document.getElementById('palette');
const input = document.getElementById('palette-q');
const list = document.getElementById('palette-list');
const opener = document.querySelector('[data-palette]');

const pages = [...document.querySelectorAll('nav.tabs a')].map((link) => ({
  name: link.textContent.trim(),
  url: link.getAttribute('href'),
}));

let entries = [];
let chosen = 0;
let asked = 0;

function show() {
  chosen = Math.max(0, Math.min(chosen, entries.length - 1));
  list.replaceChildren(
    ...entries.map((entry, index) => {
      const item = document.createElement('li');
      item.id = `palette-${index}`;
      item.setAttribute('role', 'option');
      item.setAttribute('aria-selected', String(index === chosen));
      item.textContent = entry.name;
      if (entry.email) {
        const email = document.createElement('span');
        email.className = 'with';
        email.textContent = entry.email;
        item.append(' ', email);
      }
      item.addEventListener('click', () => go(entry));
      return item;
    }),
  );
  if (entries.length) input.setAttribute('aria-activedescendant', `palette-${chosen}`);
  else input.removeAttribute('aria-activedescendant');
  list.children[chosen]?.scrollIntoView({ block: 'nearest' });
}

function go(entry) {
  dialog.close();
  location.assign(entry.url);
}

async function find() {
  const mine = (asked += 1);
  const words = input.value.trim();
  chosen = 0;
  entries = pages.filter((page) => page.name.toLowerCase().includes(words.toLowerCase()));
  show();
  if (words.length < 2) return;
  // Not for each letter of somebody who types fast.
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (mine !== asked) return;
  const answer = await fetch(`/admin/find?${new URLSearchParams({ q: words })}`).catch(() => null);
  if (!answer?.ok || answer.redirected || mine !== asked) return;
  entries = [...entries, ...(await answer.json())];
  show();
}

function open() {
  if (dialog.open) return;
  input.value = '';
  dialog.showModal();
  find();
}

document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

input.addEventListener('input', find);
input.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && entries.length) {
    event.preventDefault();
    chosen = (chosen + step + entries.length) % entries.length;
    show();
  } else if (event.key === 'Enter' && entries[chosen]) {
    event.preventDefault();
    go(entries[chosen]);
  }
});

dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
});
opener.hidden = false;
opener.addEventListener('click', open);
