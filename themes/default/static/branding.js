// Shows a look while it is typed: name and colours of the log-in beside the form, and how well they can be read
// (WCAG 2.2, contrast ratio). The server decides; without this script its button does the same.

const form = document.getElementById('look-form');
const look = document.getElementById('preview-look');
const name = document.getElementById('name');
const accents = [...form.querySelectorAll('[data-accent]')];
const READABLE = 4.5;

const channels = (digits) => [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));

function luminance(colour) {
  const [red, green, blue] = colour.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, two) {
  const [light, dark] = [luminance(one) + 0.05, luminance(two) + 0.05].sort((a, b) => b - a);
  return light / dark;
}

function digitsOf(input) {
  const typed = /^#?([0-9a-f]{6})$/i.exec(input.value.trim() || input.dataset.otherwise);
  return typed && typed[1].toLowerCase();
}

// Text on the accent itself is black or white, one of which can always be read.
function judge(input, colour) {
  const grounds = input.dataset.grounds.split(' ').map(channels);
  return Math.min(...grounds.map((ground) => contrast(colour, ground)));
}

function nearest(input, colour) {
  const end = input.dataset.accent === 'light' ? 0 : 255;
  for (let part = 1; part <= 255; part += 1) {
    const mixed = colour.map((channel) => Math.floor((channel * (255 - part) + end * part + 127) / 255));
    if (judge(input, mixed) >= READABLE) return `#${mixed.map((one) => one.toString(16).padStart(2, '0')).join('')}`;
  }
  return '';
}

function say(input, digits) {
  const line = document.getElementById(`${input.dataset.accent}-contrast`);
  const ratio = digits ? judge(input, channels(digits)) : 0;
  const good = ratio >= READABLE;
  let text = line.dataset.malformed;
  if (digits) {
    text = (good ? line.dataset.enough : line.dataset.little).replace('{ratio}', (Math.floor(ratio * 100) / 100).toFixed(2));
    if (!good) text = text.replace('{nearest}', nearest(input, channels(digits)));
  }
  line.textContent = text;
  line.className = good ? 'hint' : 'field-error';
  if (good) input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}

function show() {
  const colours = accents.map(digitsOf);
  accents.forEach((input, index) => say(input, colours[index]));
  if (colours.every(Boolean)) {
    const address = `/brand/preview-${colours.join('-')}.css`;
    if (look.getAttribute('href') !== address) look.setAttribute('href', address);
  }
  if (!name) return;
  for (const shown of document.querySelectorAll('[data-preview-name]')) {
    shown.textContent = name.value.trim() || name.dataset.otherwise;
  }
}

form.addEventListener('input', show);
