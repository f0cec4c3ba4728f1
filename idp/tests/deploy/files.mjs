// The files that say how Portico is put on machines, read as whoever runs them reads them. Judges nothing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const read = (path) => readFileSync(join(ROOT, path), 'utf8');

/** docker-compose.yml with what its services inherit. */
export const compose = parse(read('docker-compose.yml'), { merge: true });

/** The objects of docs/operate/kubernetes.yaml by their kind. */
export const kubernetes = Object.fromEntries(
  parseAllDocuments(read('docs/operate/kubernetes.yaml')).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const object = document.toJS();
    return [object.kind, object];
  }),
);

/** What a unit of systemd says, each key with all its values. */
export function unit(path) {
  const said = new Map();
  for (const line of read(path).split('\n')) {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key) said.set(key, [...(said.get(key) ?? []), value]);
  }
  return said;
}

/** The variables that scripts/cluster gives to its processes: those of one of its arrays, by name. */
export function variablesOfCluster(array) {
  const script = read('scripts/cluster');
  const body = new RegExp(`^${array}=\\(\\n([\\s\\S]*?)^\\)`, 'm').exec(script)[1];
  const lines = body.matchAll(/^ {2}(\w+)=(?:"([^"]*)"|(\S*))$/gm);
  return new Map([...lines].map(([, name, quoted, bare]) => [name, quoted ?? bare]));
}

/** Instructions of the Dockerfile, continued lines joined. */
export const dockerfile = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter(Boolean)
  .map((line) => {
    const [instruction, ...rest] = line.trim().split(/\s+/);
    return { instruction, rest: rest.join(' ') };
  });
