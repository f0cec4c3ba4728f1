// The administration API with Schemathesis, which makes calls out of the OpenAPI document, good ones and bad ones, and
// holds each answer against it: no fault of ours, no answer that the document does not know (security: T18). Once as a
// program with every scope, once as somebody who looks after one organization: she is refused most of it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../browser/patience.mjs';
import { Person } from './person.mjs';
import { Provider } from './provider.mjs';

const PROGRAM = fileURLToPath(new URL('.venv/bin/schemathesis', import.meta.url));
const PATIENCE = 120_000;
const SECRET = 'a-secret-of-these-tests-and-of-nothing-else';
const CALLBACK = 'https://desk.example.org/callback';
const SCOPES = [
  'admin:people.read',
  'admin:people.help',
  'admin:people.write',
  'admin:people.create',
  'admin:roles.write',
  'admin:organizations.read',
  'admin:organizations.write',
  'admin:audit.read',
  'admin:applications.read',
  'admin:applications.write',
  'admin:service.read',
  'admin:service.write',
];

const ADA = { email: 'ada@example.org', givenName: 'Ada', familyName: 'Brunner', password: 'a long walk by the river' };
const CARLA = { email: 'carla@example.org', givenName: 'Carla', familyName: 'Custer', password: 'a short walk by the lake' };

let provider;
let resource;
before(async () => {
  assert.ok(existsSync(PROGRAM), 'Please run: python3 -m venv .venv && .venv/bin/pip install -r requirements.txt');
  provider = await Provider.open('[api]\ncalls_per_minute = 1000000', (_, issuer) =>
    `[[clients]]
    id = "robot"
    name = "Robot"
    type = "machine"
    secret = "${SECRET}"
    administers = ${JSON.stringify(SCOPES)}
    [[clients]]
    id = "desk"
    name = "Front Desk"
    type = "web"
    secret = "${SECRET}"
    redirect_uris = ["${CALLBACK}"]
    scopes = ${JSON.stringify(['openid', ...SCOPES])}
    resources = ["${issuer}/api/v1"]`,
  );
  resource = `${provider.issuer}/api/v1`;
  await provider.makeAccount(ADA);
  await provider.makeAccount(CARLA);
});
after(() => provider?.close());

/** Calls the API as anybody would, and expects it to do what it is asked. */
async function call(bearer, method, path, body) {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const answer = await fetch(`${resource}${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  const text = await answer.text();
  return text && JSON.parse(text);
}

/** Somebody, an organization and an application that there are: most calls would find nothing otherwise. */
async function furnished(bearer, slug) {
  const person = (await call(bearer, 'GET', '/people?q=ada')).items[0].id;
  const carla = (await call(bearer, 'GET', '/people?q=carla')).items[0].id;
  const organization = (await call(bearer, 'POST', '/organizations', { slug, name: slug })).id;
  const members = `/organizations/${organization}/members`;
  await call(bearer, 'POST', members, { person: carla, roles: ['administrator'] });
  await call(bearer, 'POST', members, { person, roles: [] });
  const portal = { type: 'web', name: 'Portal', redirect_uris: ['https://portal.example.org/callback'] };
  const application = (await call(bearer, 'POST', '/applications', portal)).id;
  const file = join(provider.directory, `${slug}.toml`);
  const text = `
    [checks]
    # RFC 6585 §3 has a status of its own for a condition that is missing.
    missing_required_header.expected-statuses = [400, 401, 403, 404, 428]
    [[operations]]
    include-path-regex = "^/api/v1/people/"
    parameters = { "path.id" = "${person}" }
    [[operations]]
    include-path-regex = "^/api/v1/organizations/"
    parameters = { "path.id" = "${organization}", "path.person" = "${person}" }
    [[operations]]
    include-path-regex = "^/api/v1/applications/"
    parameters = { "path.id" = "${application}" }
  `;
  await writeFile(file, text);
  return file;
}

async function token(client, fields) {
  const answer = await fetch(`${provider.issuer}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client}:${SECRET}`)}` },
    body: new URLSearchParams({ resource, ...fields }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).access_token;
}

/** Carla, at the front desk, after she has logged in by more than a password. */
async function tokenOfCarla() {
  const codeApp = await new Person(provider.issuer, CARLA).setsUpCodeApp();
  const carla = Object.assign(new Person(provider.issuer, CARLA), { codeApp });
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${provider.issuer}/oidc/authorize`);
  url.search = new URLSearchParams({
    client_id: 'desk',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: `openid ${SCOPES.join(' ')}`,
    resource,
    state: 'x',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const answer = new URL((await carla.authorize(url)).url).searchParams;
  assert.ok(answer.has('code'), `${answer}`);
  const fields = { code: answer.get('code'), redirect_uri: CALLBACK, code_verifier: verifier };
  return token('desk', { grant_type: 'authorization_code', ...fields });
}

async function holds(t, bearer, file) {
  const args = [
    '--config-file',
    file,
    'run',
    `${resource}/openapi.json`,
    '--header',
    `Authorization: Bearer ${bearer}`,
    '--checks',
    'all',
    // What a schema can not say is still refused: that a role is one of the organization's, or a name more than spaces.
    // And somebody is not in an organization because it was made.
    '--exclude-checks',
    'positive_data_acceptance,ensure_resource_availability',
    '--max-examples',
    '6',
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
  // What was refused was not refused because the token had come to its end.
  await call(bearer, 'GET', '/me');
}

test('somebody who looks after one organization', async (t) => {
  const file = await furnished(await token('robot', { grant_type: 'client_credentials' }), 'lindenhof');
  await holds(t, await tokenOfCarla(), file);
});

test('a program with every scope', async (t) => {
  const bearer = await token('robot', { grant_type: 'client_credentials' });
  await holds(t, bearer, await furnished(bearer, 'seeblick'));
});
