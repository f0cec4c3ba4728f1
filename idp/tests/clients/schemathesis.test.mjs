// The administration API with Schemathesis, which makes calls out of the OpenAPI document, good ones and bad ones, and
// holds each answer against it: no fault of ours, no answer that the document does not know (security: T18).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../browser/patience.mjs';
import { Provider } from './provider.mjs';

const PROGRAM = fileURLToPath(new URL('.venv/bin/schemathesis', import.meta.url));
const PATIENCE = 120_000;
const SECRET = 'a-secret-of-these-tests-and-of-nothing-else';
const SCOPES = [
  'admin:people.read',
  'admin:people.help',
  'admin:people.write',
  'admin:roles.write',
  'admin:organizations.read',
  'admin:organizations.write',
  'admin:audit.read',
  'admin:applications.read',
];

let provider;
before(async () => {
  provider = await Provider.open('[api]\ncalls_per_minute = 1000000', () =>
    `[[clients]]
    id = "robot"
    name = "Robot"
    type = "machine"
    secret = "${SECRET}"
    administers = ${JSON.stringify(SCOPES)}`,
  );
});
after(() => provider?.close());

const ADA = { email: 'ada@example.org', givenName: 'Ada', familyName: 'Brunner', password: 'a long walk by the river' };

/** Calls the API as anybody would, and expects it to do what it is asked. */
async function call(bearer, method, path, body) {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const answer = await fetch(`${provider.issuer}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

/** Somebody and an organization that there are: most calls would find nothing otherwise. */
async function configuration(bearer) {
  await provider.makeAccount(ADA);
  const person = (await call(bearer, 'GET', '/people')).items[0].id;
  const organization = (await call(bearer, 'POST', '/organizations', { slug: 'lindenhof', name: 'Lindenhof' })).id;
  const file = join(provider.directory, 'schemathesis.toml');
  const text = `
    [checks]
    # RFC 6585 §3 has a status of its own for a condition that is missing.
    missing_required_header.expected-statuses = [400, 401, 403, 428]
    [[operations]]
    include-path-regex = "^/api/v1/people/"
    parameters = { "path.id" = "${person}" }
    [[operations]]
    include-path-regex = "^/api/v1/organizations/"
    parameters = { "path.id" = "${organization}", "path.person" = "${person}" }
  `;
  await writeFile(file, text);
  return file;
}

async function token() {
  const answer = await fetch(`${provider.issuer}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`robot:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: `${provider.issuer}/api/v1` }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

test('Schemathesis', async (t) => {
  assert.ok(existsSync(PROGRAM), 'Please run: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt');
  const bearer = await token();
  const args = [
    '--config-file',
    await configuration(bearer),
    'run',
    `${provider.issuer}/api/v1/openapi.json`,
    '--header',
    `Authorization: Bearer ${bearer}`,
    '--checks',
    'all',
    // What a schema can not say is still refused: that a role is one of the organization's, or a name more than spaces.
    // And somebody is not in an organization because it was made.
    '--exclude-checks',
    'positive_data_acceptance,ensure_resource_availability',
    '--max-examples',
    '10',
    '--generation-deterministic',
    '--suppress-health-check',
    'all',
    '--no-color',
  ];
  const environment = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', HOME: provider.directory };
  const child = spawn(PROGRAM, args, { cwd: provider.directory, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  assert.equal(await within(PATIENCE, 'schemathesis', ended), 0, said);
  assert.doesNotMatch(provider.log, /a request failed/);
});
