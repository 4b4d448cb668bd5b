/* Passkeys. Asks the browser for one and sends what it gives with the form around the button, as any form is sent.
   Without this script, in a browser that knows no passkeys and at an address that they are not bound to, the buttons
   stay hidden: nothing here is the only way in.
     data-passkey="show|make"   on a hidden button in a form: shows itself and its form
     data-options="ADDRESS"     what the browser needs is asked for there
     data-host="HOST"           the name that passkeys of this portal are bound to
     data-failed="SENTENCE"     is said where no passkey was given
     data-without-passkeys      on words that are for whoever sees no buttons: they go */

"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const described = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = async (button) => {
    const form = button.form;
    const answer = await fetch(button.dataset.options, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
    });
    if (!answer.ok) throw new Error("refused");
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (button.dataset.passkey === "show") {
      options.allowCredentials = described(options.allowCredentials);
      const given = await navigator.credentials.get({ publicKey: options });
      return [
        given,
        {
          authenticatorData: text(given.response.authenticatorData),
          signature: text(given.response.signature),
          userHandle: given.response.userHandle ? text(given.response.userHandle) : null,
        },
      ];
    }
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    const given = await navigator.credentials.create({ publicKey: options });
    return [
      given,
      {
        attestationObject: text(given.response.attestationObject),
        transports: given.response.getTransports?.() ?? [],
      },
    ];
  };

  const say = (button) => {
    let place = button.form.querySelector("[data-said]");
    if (!place) {
      place = document.createElement("p");
      place.dataset.said = "";
      place.setAttribute("role", "status");
      button.form.append(place);
    }
    place.textContent = button.dataset.failed;
  };

  const offer = (button) => {
    if (location.hostname !== button.dataset.host) return;
    button.hidden = false;
    button.form.hidden = false;
    document.querySelector("[data-without-passkeys]")?.remove();
    let isAsking = false; // Not the button's `disabled`: it would take the focus away from who pressed it.
    button.addEventListener("click", async () => {
      if (isAsking) return;
      isAsking = true;
      try {
        const [given, response] = await ask(button);
        button.form.elements.credential.value = JSON.stringify({
          id: given.id,
          rawId: text(given.rawId),
          type: given.type,
          response: { clientDataJSON: text(given.response.clientDataJSON), ...response },
        });
        button.form.submit();
      } catch {
        say(button);
      }
      isAsking = false;
    });
  };

  document.querySelectorAll("[data-passkey]").forEach(offer);
})();
