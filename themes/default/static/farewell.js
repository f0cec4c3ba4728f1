// Goes on once the pages of the applications have been loaded, or after a moment: a page that does not answer
// must not hold anybody up.

const PATIENCE = 3000;

const onwards = document.getElementById('farewell');
const frames = [...document.querySelectorAll('iframe')];
const loaded = frames.map((frame) => new Promise((done) => frame.addEventListener('load', done)));
const patience = new Promise((done) => setTimeout(done, PATIENCE));
// A frame may have been loaded before this script was.
const whole = new Promise((done) => addEventListener('load', done));
Promise.race([Promise.all(loaded), whole, patience]).then(() => location.replace(onwards.href));
