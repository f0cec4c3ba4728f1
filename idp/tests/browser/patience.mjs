// Waiting that ends in any case: with the answer, or with the name of what gave none.

/** As long as pages and Chromium have for an answer, on a machine that is busy with other things too. */
export const PATIENCE = 10_000;

/** What `promise` resolves to. Whatever is late is not stopped, only not waited for any longer. */
export async function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    const error = new Error(`${what}: no answer within ${milliseconds / 1000} s`);
    timer = setTimeout(reject, milliseconds, error);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
