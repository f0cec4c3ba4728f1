// Answers applications that show this page in a frame and ask whether the person they know is still here: the
// hash they were given is worked out again from what the browser keeps now. Says "changed" or "unchanged".

const { cookie } = document.currentScript.dataset;

const state = () => {
  const pair = document.cookie.split('; ').find((part) => part.startsWith(`${cookie}=`));
  return pair ? pair.slice(cookie.length + 1) : '';
};

async function hash(text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}

async function verdict(question, origin) {
  const [client, known] = typeof question === 'string' ? question.split(' ') : [];
  const [expected, salt] = (known ?? '').split('.');
  if (!client || !expected || !salt) return 'error';
  const found = await hash(`${client} ${origin} ${state()} ${salt}`);
  return found === expected ? 'unchanged' : 'changed';
}

addEventListener('message', async ({ data, origin, source }) => {
  // A frame without an origin of its own can not be answered by name.
  if (source && origin !== 'null') source.postMessage(await verdict(data, origin), origin);
});
