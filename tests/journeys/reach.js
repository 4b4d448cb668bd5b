/* What a page shows to whom it must reach, measured in the browser. Each function gives a list of [fault, element, facts].

     reach.wide()             what stands out of the window sideways, and what must be scrolled sideways
     reach.small(controls)    what is pressed and is smaller than `controls` px
     reach.clipped()          what is cut off by the box that it stands in
     reach.space()            sets the text further apart, as people do who cannot read it otherwise (WCAG 1.4.12) */

"use strict";

window.reach = (() => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const said = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 160);
  const all = (selector) => [...document.body.querySelectorAll(selector)].filter(shown);
  /* Rows of links that a phone scrolls on purpose; each link in them can be reached by key. */
  const SCROLLED = ".rail";

  const wide = () => {
    const found = [];
    const over = (element) => element.getBoundingClientRect().right > innerWidth + 0.5;
    if (document.documentElement.scrollWidth > innerWidth) {
      const widest = all("*").filter((element) => over(element) && ![...element.children].some(over));
      for (const element of widest.length ? widest : [document.body]) {
        found.push(["wider than the window", said(element), document.documentElement.scrollWidth]);
      }
    }
    for (const element of all("*:not(textarea)")) {
      const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowX);
      if (scrolls && element.scrollWidth > element.clientWidth + 1 && !element.matches(SCROLLED)) {
        found.push(["scrolls sideways", said(element), element.scrollWidth]);
      }
    }
    return found;
  };

  /* How far around its middle an element answers to a press: what lies over it, or its label beside it, counts. */
  const pressed = (element) => {
    const middle = element.matches("[type=radio], [type=checkbox]") ? element.labels[0] : element;
    scrollTo(0, scrollY + middle.getBoundingClientRect().top - innerHeight / 3);
    const box = middle.getBoundingClientRect();
    const x = box.left + Math.min(box.width, 80) / 2;
    const y = box.top + Math.min(box.height, 80) / 2;
    const answers = (dx, dy) => {
      const met = document.elementFromPoint(x + dx, y + dy);
      return met && (element.contains(met) || [...(element.labels ?? [])].some((label) => label.contains(met)));
    };
    const reach = (dx, dy) => {
      let far = 0;
      while (far < 30 && answers(dx * (far + 1), dy * (far + 1))) far += 1;
      return far;
    };
    return [reach(-1, 0) + reach(1, 0) + 1, reach(0, -1) + reach(0, 1) + 1];
  };

  const small = (controls) => {
    const found = [];
    const pressable = "a.govuk-button, button, input:not([type=hidden]), select, textarea, summary";
    for (const element of all(pressable)) {
      const [width, height] = pressed(element);
      if (height < controls - 1 || width < Math.min(controls, 44) - 1) {
        found.push(["small", said(element), `${width} × ${height}, wanted ${controls}`]);
      }
    }
    scrollTo(0, 0);
    return found;
  };

  const clipped = () => {
    const found = [];
    for (const element of all("*:not(input, svg, svg *)")) {
      const style = getComputedStyle(element);
      if (element.clientWidth <= 1) continue; // Said to readers of the screen only.
      const margin = parseFloat(style.overflowClipMargin) || 0;
      const cuts = (overflow, content, box) =>
        (overflow === "hidden" && content > box + 1) || (overflow === "clip" && content > box + 1 + margin);
      if (cuts(style.overflowX, element.scrollWidth, element.clientWidth)) found.push(["cut off", said(element), "x"]);
      if (cuts(style.overflowY, element.scrollHeight, element.clientHeight)) found.push(["cut off", said(element), "y"]);
    }
    return found;
  };

  const space = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }" +
        " p { margin-bottom: 2em !important }",
    );
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  };

  return { wide, small, clipped, space };
})();
