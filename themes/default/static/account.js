// Keeps the browser's passkeys in step with the account: it learns which ones are accepted and what
// the account is called now. Runs only for somebody who is logged in, or was until this very answer,
// since the list of accepted ids would tell a stranger who is who.

import { signal } from './passkey.js';

const { dataset } = document.getElementById('passkey-signals');
const { rpId, userId } = dataset;

// An empty list is meant: without passkeys here, none must be offered.
await signal('signalAllAcceptedCredentials', {
  rpId,
  userId,
  allAcceptedCredentialIds: dataset.accepted.split(' ').filter(Boolean),
});
await signal('signalCurrentUserDetails', {
  rpId,
  userId,
  name: dataset.userName,
  displayName: dataset.displayName,
});
