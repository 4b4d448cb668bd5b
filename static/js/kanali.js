/* What a page can do better with a script. Every page works without it: nothing here is the only way to anything.
   Attributes it reads:
     data-words-left="ID"       on a textarea: the element ID says how much room is left; data-limit is the limit,
                                data-text and data-text-over hold the sentences with {left}, {limit}, {over}
     data-copy="ID"             on a hidden button: shows itself, copies the text of ID; data-done is said afterwards
     data-print                 on a hidden button: shows itself, prints the page
     data-show-password="ID"    on a hidden button: shows itself; data-show and data-hide are its two words
     data-code-from-address     on a field: takes what stands behind # in the address and removes it from there
   And the row of views of the inbox (.rail) keeps the link in view that has the focus. */

"use strict";

(() => {
  const number = new Intl.NumberFormat(document.documentElement.lang);

  const announce = (near, text) => {
    let place = near.parentElement.querySelector("[data-said]");
    if (!place) {
      place = document.createElement("span");
      place.className = "visually-hidden";
      place.dataset.said = "";
      place.setAttribute("role", "status");
      near.insertAdjacentElement("afterend", place);
    }
    place.textContent = text;
  };

  const countWords = (area) => {
    const shown = document.getElementById(area.dataset.wordsLeft);
    const limit = Number(area.dataset.limit);
    if (!shown || !limit) return;
    let waiting;
    const show = () => {
      const left = limit - [...area.value.trim()].length;
      const sentence = (left < 0 ? area.dataset.textOver : area.dataset.text)
        .replace("{left}", number.format(left))
        .replace("{over}", number.format(-left))
        .replace("{limit}", number.format(limit));
      shown.textContent = sentence;
      shown.classList.toggle("left--over", left < 0);
      return [left, sentence];
    };
    show();
    area.addEventListener("input", () => {
      const [left, sentence] = show();
      clearTimeout(waiting);
      // A reader is told when typing rests, and only when room is getting short.
      if (left < limit / 10) waiting = setTimeout(() => announce(shown, sentence), 1200);
    });
  };

  const offerCopy = (button) => {
    const source = document.getElementById(button.dataset.copy);
    if (!source || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = source.textContent.trim().replace(/\s+/g, " ");
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Refused by the browser: mark the text, so that it can be copied by hand.
        getSelection().selectAllChildren(source);
        return;
      }
      (button.querySelector("[data-word]") ?? button).textContent = button.dataset.done;
      announce(button, button.dataset.done);
    });
  };

  const offerPrint = (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  };

  const offerPassword = (button) => {
    const field = document.getElementById(button.dataset.showPassword);
    if (!field) return;
    button.hidden = false;
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.textContent = shown ? button.dataset.hide : button.dataset.show;
    });
    field.form?.addEventListener("submit", () => (field.type = "password"));
  };

  const takeCode = (field) => {
    const code = decodeURIComponentSafely(location.hash.slice(1));
    if (!/^[0-9A-Za-z \-]{20,60}$/.test(code)) return;
    if (!field.value) field.value = code;
    history.replaceState(history.state, "", location.pathname + location.search);
  };

  /* Chromium leaves a link that is half beside its scrolling row where it is when the keyboard reaches it. */
  const keepInView = (row) => {
    row.addEventListener("focusin", (event) => event.target.scrollIntoView({ block: "nearest", inline: "nearest" }));
  };

  const decodeURIComponentSafely = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return "";
    }
  };

  const offers = {
    "textarea[data-words-left]": countWords,
    "[data-copy]": offerCopy,
    "[data-print]": offerPrint,
    "[data-show-password]": offerPassword,
    "[data-code-from-address]": takeCode,
    ".rail": keepInView,
  };

  const prepare = (root) => {
    for (const [selector, offer] of Object.entries(offers)) {
      const found = [...root.querySelectorAll(selector)];
      if (root.matches?.(selector)) found.push(root);
      for (const element of found) {
        if (element.dataset.prepared) continue;
        element.dataset.prepared = "yes";
        offer(element);
      }
    }
  };

  prepare(document);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
})();
