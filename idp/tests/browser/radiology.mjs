// An application that is one empty page: it signs people in, hears when they have logged out, and nothing more.

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export class Radiology {
  /** The parameters of each time it was told of a log-out. */
  told = [];

  /** Each form that was posted to it. */
  posted = [];

  /** @param answersLogOut whether it ever answers then */
  static async open(house, { answersLogOut = true } = {}) {
    const radiology = new Radiology(house);
    radiology.server = createServer(async (request, response) => {
      if (request.method === 'POST') radiology.posted.push(new URLSearchParams(await text(request)));
      const url = new URL(request.url, house.radiology);
      if (url.pathname === '/log-out') {
        radiology.told.push(url.searchParams);
        if (!answersLogOut) return;
      }
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><html lang="en"><title>Radiology</title>');
    });
    await new Promise((done) => radiology.server.listen(house.ports.radiology, 'localhost', done));
    return radiology;
  }

  constructor(house) {
    this.house = house;
  }

  /** What it gets for whoever is logged in in this page, which then shows it. */
  async signIn(page) {
    const verifier = randomBytes(32).toString('base64url');
    const address = { client_id: 'radiology', redirect_uri: `${this.house.radiology}/` };
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    await page.goto(this.house.authorizeUrl({ ...address, code_challenge: challenge }));
    const answer = new URL(page.url()).searchParams;
    const code = { grant_type: 'authorization_code', code: answer.get('code'), code_verifier: verifier };
    const body = new URLSearchParams({ ...address, ...code });
    const tokens = await fetch(new URL('/oidc/token', this.house.url), { method: 'POST', body });
    return { ...(await tokens.json()), sessionState: answer.get('session_state') };
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}
