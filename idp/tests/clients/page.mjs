// A single-page application on a port of its own: one page at every path, with oidc-client-ts as its package
// ships it for browsers, and nothing else.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const LIBRARY = new URL('node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url);
const PAGE = '<!doctype html><html lang="en"><title>Calendar</title><script src="/library.js"></script>';

export class PageServer {
  static async open(port) {
    const library = await readFile(LIBRARY);
    const server = createServer((request, response) => {
      const script = request.url === '/library.js';
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      response.end(script ? library : PAGE);
    });
    await new Promise((done, fail) => server.once('error', fail).listen(port, 'localhost', done));
    return new PageServer(server);
  }

  constructor(server) {
    this.server = server;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}
