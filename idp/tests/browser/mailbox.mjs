// The mails of a house: the provider has no mail server here and writes each into a file. Reads them
// as a mail program does.

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every mail in a folder, the newest last. One that is still being written is not there yet. */
export async function mailsIn(folder) {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml')).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return sources.map(opened).filter(Boolean);
}

class Mail {
  constructor(to, subject, text) {
    Object.assign(this, { to, subject, text });
  }

  /** The address behind the mail's button. */
  get link() {
    const found = /https?:\/\/\S+[?&]token=\S+/.exec(this.text);
    if (!found) throw new Error(`there is no link in the mail “${this.subject}”:\n${this.text}`);
    return found[0];
  }
}

function opened(source) {
  const { headers, body } = part(source);
  const boundary = /boundary="?([^";]+)"?/i.exec(headers.get('content-type') ?? '')?.[1];
  if (!boundary || !body.includes(`--${boundary}--`)) return null;
  const parts = body.split(`--${boundary}`).slice(1, -1).map((text) => part(text.replace(/^\r?\n/, '')));
  const plain = parts.find(({ headers }) => headers.get('content-type')?.startsWith('text/plain'));
  const text = content(plain.body, plain.headers.get('content-transfer-encoding')).toString('utf8');
  return new Mail(/[^<\s]+@[^>\s]+/.exec(headers.get('to'))[0], words(headers.get('subject')), text);
}

/** A message, or a part of one: header lines, an empty line, a body. */
function part(source) {
  const [, head, body] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(source) ?? [null, '', ''];
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { headers, body };
}

function content(text, encoding = '7bit') {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(text, 'base64');
    case 'quoted-printable':
      return unquoted(text.replace(/=\r?\n/g, ''));
    default:
      return Buffer.from(text, 'latin1');
  }
}

const unquoted = (text) =>
  Buffer.from(text.replace(/=([0-9A-F]{2})/gi, (_, byte) => String.fromCharCode(Number.parseInt(byte, 16))), 'latin1');

/** RFC 2047: how a header says what is not ASCII. */
function words(header) {
  const encoded = /=\?utf-8\?([bq])\?([^?]*)\?=(?:\s+(?==\?))?/gi;
  return header.replace(encoded, (_, kind, text) =>
    (kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : unquoted(text.replaceAll('_', ' '))).toString('utf8'));
}
