// A provider with a client of every kind, and Ada, who has an account there.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyRing } from './keys.mjs';
import { Person } from './person.mjs';
import { Provider } from './provider.mjs';

export const ADA = {
  email: 'ada@example.org',
  givenName: 'Ada',
  familyName: 'Brunner',
  password: 'a long walk by the river',
};
/** With everything that has to be escaped somewhere (RFC 6749 §2.3.1). */
export const SECRET = 'a secret: of "these" tests & 100% of nothing+else / ~';
/** For libraries that escape nothing. */
export const PLAIN_SECRET = 'a-secret-of-these-tests-and-of-nothing-else';
export const REDIRECT_URI = 'https://practice.example.org/callback';
export const GOODBYE_URI = 'https://practice.example.org/goodbye';
export const SLOTS = 'https://slots.example.org';
export const LETTERS = 'urn:example:letters';

/** By client: how it authenticates, and how its ID tokens are signed. One of each kind. */
export const WEB_CLIENTS = {
  practice: { method: 'client_secret_basic', alg: 'RS256' },
  pharmacy: { method: 'client_secret_post', alg: 'ES256' },
  clinic: { method: 'client_secret_jwt', alg: 'PS256' },
  ward: { method: 'private_key_jwt', alg: 'EdDSA' },
};

export class Office {
  static async open({ dpopNonce = false } = {}) {
    const keys = await keyRing();
    const provider = await Provider.open(`[tokens]\ndpop_nonce = ${dpopNonce}`, (directory) => write(directory, keys));
    const office = new Office(provider, keys);
    await provider.makeAccount(ADA).catch(async (error) => {
      await office.close();
      throw error;
    });
    return office;
  }

  constructor(provider, keys) {
    this.provider = provider;
    this.issuer = provider.issuer;
    /** Of every client that has keys. */
    this.keys = keys;
  }

  /** Ada in front of a browser that she has not used before. */
  ada() {
    return new Person(this.issuer, ADA);
  }

  async close() {
    await this.provider.close();
  }
}

async function write(directory, keys) {
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify({ keys: Object.values(keys).map((key) => key.public) }));
  return tables(file).map(toml).join('\n');
}

/** @param jwks the file with the public keys of all clients that have any */
function tables(jwks) {
  const web = Object.entries(WEB_CLIENTS).map(([id, { method, alg }]) => ({
    id,
    type: 'web',
    auth_method: method,
    ...(method === 'private_key_jwt' ? { jwks_file: jwks } : { secret: SECRET }),
    id_token_alg: alg,
    resources: [SLOTS, LETTERS],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'slots:read'],
  }));
  const coded = [
    ...web,
    { id: 'calendar', type: 'spa', id_token_alg: 'ES256' },
    { id: 'phone', type: 'native', id_token_alg: 'ES256' },
    { id: 'laboratory', type: 'web', secret: PLAIN_SECRET, id_token_alg: 'PS256' },
    // Signs its requests or not, as it likes.
    { id: 'notary', type: 'web', secret: SECRET, jwks_file: jwks, id_token_alg: 'ES256' },
    {
      id: 'bank',
      type: 'web',
      auth_method: 'private_key_jwt',
      jwks_file: jwks,
      require: ['pushed_requests', 'signed_requests', 'dpop'],
      id_token_alg: 'PS256',
    },
  ];
  return [
    ...coded.map((client) => ({ ...client, redirect_uris: [REDIRECT_URI], post_logout_redirect_uris: [GOODBYE_URI] })),
    {
      id: 'slots',
      type: 'machine',
      secret: SECRET,
      scopes: ['letters:send', 'letters:read'],
      resources: [LETTERS],
      serves: [SLOTS],
      id_token_alg: 'ES256',
    },
    {
      id: 'courier',
      type: 'machine',
      auth_method: 'private_key_jwt',
      jwks_file: jwks,
      resources: [LETTERS],
    },
    { id: 'screen', type: 'device', id_token_alg: 'ES256' },
  ];
}

/** The values are texts and lists of texts, whose form is the same in JSON and TOML. */
function toml(client) {
  const lines = Object.entries({ name: `The ${client.id}`, ...client });
  return ['[[clients]]', ...lines.map(([name, value]) => `${name} = ${JSON.stringify(value)}`)].join('\n');
}
