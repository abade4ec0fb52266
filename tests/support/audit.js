// What is wrong with how the page in this window shows: a list of sentences, empty if nothing is.
// Runs in the page (by the debugging protocol; the page's own scripts are off). WCAG 2.2: 1.4.3 contrast, 1.4.10
// reflow, 2.5.5 target size; 44 px is also Apple's and WCAG's enhanced size for a finger.
(({ contrast: wanted, tap }) => {
  const problems = new Set();
  const say = (problem, element) => {
    const words = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
    problems.add(`${problem}: <${element.localName}> “${words}”`);
  };
  const parse = (css) => {
    const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => {
    const mix = (x, y) => x * top.a + y * (1 - top.a);
    return { r: mix(top.r, under.r), g: mix(top.g, under.g), b: mix(top.b, under.b), a: 1 };
  };
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const canvas = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const follows = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    return dark && follows ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") say("a picture behind words", element);
      const layer = parse(style.backgroundColor);
      if (layer.a > 0) layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reduceRight((under, top) => over(top, under), canvas());
  };
  const hidden = (element) => {
    if (!element.checkVisibility()) return true; // in a <details> that is closed
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return true;
      if (style.clipPath === "inset(50%)") return true; // for screen readers alone
    }
    return false;
  };

  // WCAG 1.4.10 lets tables and program text scroll within a box of their own, if the box itself can be seen whole.
  const scrollable = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const box = at.getBoundingClientRect();
      if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return box.left >= -0.5 && box.right <= innerWidth + 0.5;
    }
    return false;
  };

  const page = document.scrollingElement;
  if (page.scrollWidth > innerWidth) problems.add(`scrolls sideways: ${page.scrollWidth} px in ${innerWidth}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || hidden(element)) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const measured = ratio(over(parse(style.color), under), under);
    if (measured < wanted) say(`contrast ${measured.toFixed(2)}`, element);
    if (parseFloat(style.fontSize) < 12) say(`letters of ${style.fontSize}`, element);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.right <= 0 && element.closest("[aria-hidden=true]")) continue; // out of sight on purpose
      const outside = box.width && (box.right > innerWidth + 0.5 || box.left < -0.5);
      if (outside && !scrollable(element)) say("words outside the window", element);
    }
  }

  for (const link of document.querySelectorAll("a")) {
    if (hidden(link)) continue;
    const box = link.getBoundingClientRect();
    if (box.height < tap - 0.5) say(`a target ${box.height.toFixed(0)} px high`, link);
    if (box.width < 24) say(`a target ${box.width.toFixed(0)} px wide`, link);
  }
  // By the boxes of their lines: the one box around a link of two lines also covers what stands before and after it.
  const shown = [...document.querySelectorAll("a")].filter((link) => !hidden(link));
  const links = shown.flatMap((link) => [...link.getClientRects()].map((box) => [link, box]));
  links.forEach(([link, box], number) => {
    for (const [other, room] of links.slice(number + 1)) {
      if (other.contains(link) || link.contains(other)) continue;
      const wide = Math.min(box.right, room.right) - Math.max(box.left, room.left);
      const high = Math.min(box.bottom, room.bottom) - Math.max(box.top, room.top);
      if (wide > 1 && high > 1) say("targets overlap", other);
    }
  });
  return [...problems];
})
