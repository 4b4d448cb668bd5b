/* The small sum of a form that was sent from a busy connection (portal/proof_of_work.py; ALTCHA, version 2).
   It looks for the number behind the challenge in `data-sum`, in pieces, so that the page can be used meanwhile; then
   it puts the solution into the field `sum` and sends the form, unless somebody is writing in it: then it says that the
   button does it now. SHA-256 stands here because a browser lends its own only over https. */

"use strict";

(() => {
  const K = new Int32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const START = new Int32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]);
  const W = new Int32Array(64);

  /* The digest of one block, the sixteen words of which stand in W (FIPS 180-4, 6.2.2). */
  const digest = (into) => {
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15], y = W[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
    }
    let a = START[0], b = START[1], c = START[2], d = START[3], e = START[4], f = START[5], g = START[6], h = START[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0;
      d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    into[0] = START[0] + a; into[1] = START[1] + b; into[2] = START[2] + c; into[3] = START[3] + d;
    into[4] = START[4] + e; into[5] = START[5] + f; into[6] = START[6] + g; into[7] = START[7] + h;
  };

  const words = (hex) => hex.match(/.{8}/g).map((part) => parseInt(part, 16) | 0);
  const hex = (numbers) => [...numbers].map((n) => (n >>> 0).toString(16).padStart(8, "0")).join("");

  const form = document.querySelector("form[data-sum]");
  const field = form?.querySelector("[name=sum]");
  const said = document.querySelector("[data-sum-said]");
  const bar = document.querySelector("[data-sum-done]");
  if (!field || !said || !bar) return;

  const challenge = JSON.parse(atob(form.dataset.sum));
  const asked = challenge.parameters;
  const wanted = words(asked.keyPrefix);
  const fixed = [...words(asked.salt), ...words(asked.nonce)];
  const place = fixed.length;
  const found = new Int32Array(8);
  const most = Number(form.dataset.most);
  W.set([...fixed, 0, 0x80000000]); // Salt, nonce, the counter, and what ends a block: a bit and the length.
  W[15] = (place + 1) * 32;
  let counter = 0, isPressed = false, isDone = false;

  const isBeingWritten = () =>
    [...form.elements].some((one) => one.matches("textarea, input") && one.type !== "hidden" && one.value !== one.defaultValue);

  const send = () => {
    said.textContent = form.dataset.sending;
    form.requestSubmit();
  };

  const finish = () => {
    isDone = true;
    bar.hidden = true;
    const solution = { counter, derivedKey: hex(found) };
    field.value = btoa(JSON.stringify({ challenge, solution }));
    if (isPressed || !isBeingWritten()) send();
    else said.textContent = form.dataset.ready;
  };

  /* Some milliseconds of work, then the page has its turn; a page that nobody looks at is seldom given one. */
  const work = () => {
    const until = performance.now() + (document.hidden ? 400 : 20);
    do {
      for (let i = 0; i < 200; i++, counter++) {
        W[place] = counter;
        digest(found);
        if (wanted[0] === found[0] && wanted.every((word, at) => word === found[at])) return finish();
      }
    } while (performance.now() < until);
    bar.value = Math.min(counter / most, 1);
    setTimeout(work, 0);
  };

  form.addEventListener("submit", (event) => {
    if (isDone) return;
    event.preventDefault();
    isPressed = true;
    said.textContent = form.dataset.working;
  });

  document.querySelector("[data-without-sum]")?.remove();
  bar.hidden = false;
  said.textContent = form.dataset.working;
  setTimeout(work, 0);
})();
